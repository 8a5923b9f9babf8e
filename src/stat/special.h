/*
 * Special functions with one result everywhere. glibc picks other code for log and exp by CPU, and one unit in the last
 * place has been seen to move a chosen order statistic; so these are made of + - * / sqrt floor frexp ldexp only, in a
 * fixed order. Errors are relative unless said otherwise, and tested against tables from scipy.
 */
#ifndef ASSAY_STAT_SPECIAL_H
#define ASSAY_STAT_SPECIAL_H

double assay_stat_log(double x);       /* x > 0, finite; 2 ulp */
double assay_stat_exp(double x);       /* 2 ulp; 0 below -745, infinity above 709.7 */
double assay_stat_log_gamma(double x); /* x > 0; 1e-14, absolute where the value is below 1 */

/* |x| <= 2^20; 1 ulp, absolute 1e-16 near the zeros. */
void assay_stat_sine_cosine(double x, double *ret_sine, double *ret_cosine);

double assay_stat_normal_density(double z);
double assay_stat_normal_below(double z);    /* Phi(z); 1e-14, in the lower tail too */
double assay_stat_normal_quantile(double p); /* 0 < p < 1; 1e-14 */

double assay_stat_beta_below(double x, double a, double b);    /* regularised I_x(a, b); a, b > 0, 0 <= x <= 1; 1e-12 */
double assay_stat_beta_quantile(double p, double a, double b); /* its inverse in x; 0 <= p <= 1 */
double assay_stat_gamma_below(double a, double x);             /* regularised P(a, x); a > 0, x >= 0; 1e-12 */
double assay_stat_chi2_quantile(double p, double degrees);     /* 0 < p < 1, degrees > 0; 1e-11 */
double assay_stat_t_below(double t, double degrees);
double assay_stat_t_quantile(double p, double degrees); /* 0 < p < 1, degrees > 0; 1e-11 */

#endif
