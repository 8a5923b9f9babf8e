"""The comments of one pull request, as GitHub's REST API lists, makes and changes them. For tests of ci/comment.sh.

usage: comment_service.py FILE     keeps the comments in FILE, prints its port
"""
import http.server
import json
import os
import re
import sys
import urllib.parse

FILE = sys.argv[1]


def load():
    return json.load(open(FILE, encoding="utf-8")) if os.path.exists(FILE) else []


def store(comments):
    with open(FILE, "w", encoding="utf-8") as out:
        json.dump(comments, out)


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def may_write(self):
        return self.headers.get("Authorization") == "Bearer good"

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/repos/a/b/pulls/7":
            return self.answer(200, {"head": {"sha": "c0ffee"}})
        if url.path != "/repos/a/b/issues/7/comments":
            return self.answer(404, {})
        count, page = int(query["per_page"][0]), int(query["page"][0])
        return self.answer(200, load()[(page - 1) * count : page * count])

    def do_POST(self):
        given = self.body()
        if self.path != "/repos/a/b/issues/7/comments":
            return self.answer(404, {})
        if not self.may_write():
            return self.answer(403, {"message": "Resource not accessible by integration"})
        comments = load()
        comment = {"id": 1000 + len(comments), "user": {"login": "github-actions[bot]"}, "body": given["body"]}
        store(comments + [comment])
        return self.answer(201, comment)

    def do_PATCH(self):
        given = self.body()
        found = re.fullmatch(r"/repos/a/b/issues/comments/(\d+)", self.path)
        comments = load()
        for comment in comments:
            if found and comment["id"] == int(found.group(1)) and self.may_write():
                comment["body"] = given["body"]
                store(comments)
                return self.answer(200, comment)
        return self.answer(404, {})

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Service)
print(server.server_address[1], flush=True)
server.serve_forever()
