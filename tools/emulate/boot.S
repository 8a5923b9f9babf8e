/* From the 32-bit state of a multiboot loader to 64 bits with all registers of AVX-512 and AMX on: the first 1 GB mapped
 * one to one, faults told on the serial port. Nothing else of a system is there. */
    .set MAGIC, 0x1badb002
    .set FLAGS, 3                   /* pages aligned, memory told */
    .set CR4_ALL, 0x40620           /* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
    .set XCR0_ALL, 0x600e7          /* x87, SSE, AVX, AVX-512, AMX */
    .section .multiboot, "a"
    .align 4
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)

    .section .text
    .code32
    .globl _start
_start:
    cli
    movl $stack_top, %esp
    movl $level3, %eax
    orl $3, %eax
    movl %eax, level4
    movl $level2, %eax
    orl $3, %eax
    movl %eax, level3
    movl $level2, %edi
    movl $0x83, %eax                /* present, writable, 2 MB */
    movl $512, %ecx
1:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl %cr4, %eax
    orl $CR4_ALL, %eax
    movl %eax, %cr4
    movl $level4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          /* EFER: long mode */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    andl $0xfffffff3, %eax          /* no emulation, no task switched */
    orl $0x80000002, %eax           /* paging, monitor */
    movl %eax, %cr0
    lgdt gdtr
    ljmp $8, $long_mode

    .code64
long_mode:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    lidt idtr
    xorl %ecx, %ecx
    movl $XCR0_ALL, %eax
    xorl %edx, %edx
    xsetbv
    movq $stack_top, %rsp
    call emulate_main
2:  hlt
    jmp 2b

    .macro handler number
handler_\number:
    movl $\number, %edi
    movq (%rsp), %rsi
    movq 8(%rsp), %rdx
    call emulate_fault
    .endm
    handler 0
    handler 6
    handler 7
    handler 8
    handler 13
    handler 14

    .section .rodata
    .align 16
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdtr:
    .word 23
    .quad gdt
idtr:
    .word 32 * 16 - 1
    .quad emulate_idt
    .globl emulate_handlers         /* number, place */
emulate_handlers:
    .quad 0, handler_0, 6, handler_6, 7, handler_7, 8, handler_8, 13, handler_13, 14, handler_14

    .bss
    .align 4096
level4: .skip 4096
level3: .skip 4096
level2: .skip 4096
    .globl emulate_idt
emulate_idt: .skip 32 * 16
    .align 64
    .skip 1048576
stack_top:
    .skip 64
    .section .note.GNU-stack, "", @progbits
