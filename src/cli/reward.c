/* reward.c - `orw reward`: what a loop will meet in a reward, before hours are spent on it. */
#include "rewards.h"

#include "orw/metric.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: orw reward REWARD --dataset NAME [--model ROLE=FILE]... [--set KEY=VALUE]... [--count N]\n"
    "Scores images of a data set, several times, and prints what a training loop will meet: the range of the reward "
    "and\n"
    "of each part of a sum; whether the same image has the same reward again, alone, and among others; the time; and\n"
    "how many of the samples e^(tau r) leaves in effect, for a choice of tau. Exit status 1 where a reward is not "
    "finite,\n"
    "or not the same.\n"
    "\n"
    "  REWARD             one that orw info lists, or a sum: 0.5*jpeg_size + "
    "2*command:./bright.py\n" ORW_CLI_SCORED_USAGE
    "  --count N          images, evenly spread over the data (default 256)\n";

enum { BATCH = 32, TAUS = 10 };
/* Differences below this share of the reward's standard deviation are rounding: shapes decide how sums are taken. */
static const double rounding = 1e-3;

typedef struct measures {
    int count, columns;            /* columns: the reward, and the parts of a sum behind it */
    int *which;                    /* [count] */
    float *scores, *again, *alone; /* [count, columns] */
    double minimum[1 + ORW_MOST_REWARDS], maximum[1 + ORW_MOST_REWARDS], mean[1 + ORW_MOST_REWARDS],
        sd[1 + ORW_MOST_REWARDS], not_finite[1 + ORW_MOST_REWARDS], repeat[1 + ORW_MOST_REWARDS],
        others[1 + ORW_MOST_REWARDS];
    double milliseconds;
} measures;

/* ---------------------------------------------------------------- scoring --------------------------------------- */

/* Scores `count` images together into rows of `into`; backwards: the last one first. */
static orw_status score_some(orw_cli_scorer *scorer, const measures *m, int first, int count, bool backwards,
                             float *into) {
    const orw_rewards *rewards = &scorer->rewards;
    float each[BATCH * ORW_MOST_REWARDS];
    int which[BATCH] = {0};
    for (int i = 0; i < count; i++) which[i] = m->which[first + (backwards ? count - 1 - i : i)];
    ORW_CALL(orw_cli_scorer_score(scorer, which, count, first, each));
    for (int i = 0; i < count; i++) {
        float *row = into + (size_t)(first + (backwards ? count - 1 - i : i)) * (size_t)m->columns;
        row[0] = orw_rewards_sum(rewards, each + i * rewards->count);
        for (int c = 1; c < m->columns; c++) row[c] = each[i * rewards->count + c - 1];
    }
    return ORW_OK;
}

static orw_status score_all(orw_cli_scorer *scorer, const measures *m, int batch, bool backwards, float *into) {
    for (int i = 0; i < m->count; i += batch)
        ORW_CALL(score_some(scorer, m, i, m->count - i < batch ? m->count - i : batch, backwards, into));
    return ORW_OK;
}

/* ---------------------------------------------------------------- measures -------------------------------------- */

/* How far column c of two tables is apart at most; where only one of them is finite: infinitely. */
static double apart(const measures *m, const float *a, const float *b, int c) {
    double most = 0;
    for (int i = c; i < m->count * m->columns; i += m->columns) {
        const double difference = fabs((double)a[i] - (double)b[i]);
        if (isfinite(a[i]) != isfinite(b[i])) return INFINITY;
        if (isfinite(a[i])) most = fmax(most, difference);
    }
    return most;
}

static void summarise(measures *m, int c) {
    double sum = 0, squares = 0;
    int finite = 0;
    m->minimum[c] = INFINITY;
    m->maximum[c] = -INFINITY;
    for (int i = c; i < m->count * m->columns; i += m->columns) {
        if (!isfinite(m->scores[i])) continue;
        m->minimum[c] = fmin(m->minimum[c], (double)m->scores[i]);
        m->maximum[c] = fmax(m->maximum[c], (double)m->scores[i]);
        sum += (double)m->scores[i];
        finite++;
    }
    m->not_finite[c] = m->count - finite;
    m->mean[c] = sum / finite;
    for (int i = c; i < m->count * m->columns; i += m->columns)
        if (isfinite(m->scores[i])) squares += pow((double)m->scores[i] - m->mean[c], 2);
    m->sd[c] = finite > 1 ? sqrt(squares / (finite - 1)) : 0;
    if (finite == 0) m->minimum[c] = m->maximum[c] = NAN;
}

static orw_status measure(orw_cli_scorer *scorer, measures *m) {
    ORW_CALL(score_all(scorer, m, BATCH, false, m->scores));
    const double began = orw_seconds();
    ORW_CALL(score_all(scorer, m, BATCH, false, m->again));
    m->milliseconds = 1000 * (orw_seconds() - began) / m->count;
    for (int c = 0; c < m->columns; c++) {
        summarise(m, c);
        m->repeat[c] = apart(m, m->scores, m->again, c);
    }
    ORW_CALL(score_all(scorer, m, BATCH, true, m->again));
    ORW_CALL(score_all(scorer, m, 1, false, m->alone));
    for (int c = 0; c < m->columns; c++)
        m->others[c] = fmax(apart(m, m->scores, m->again, c), apart(m, m->scores, m->alone, c));
    return ORW_OK;
}

/* ---------------------------------------------------------------- printed --------------------------------------- */

static void print_row(const measures *m, const char *name, const double *values) {
    printf("%s", name);
    for (int c = 0; c < m->columns; c++) printf("\t%.9g", values[c]);
    printf("\n");
}

/* (sum w)^2 / sum w^2 of the finite ones at w = e^(tau r). */
static double effective(const measures *m, double tau) {
    double sum = 0, squares = 0;
    for (int i = 0; i < m->count; i++) {
        const float r = m->scores[i * m->columns];
        const double w = isfinite(r) ? exp(tau * ((double)r - m->maximum[0])) : 0;
        sum += w;
        squares += w * w;
    }
    return sum * sum / squares;
}

/* Taus in steps of 1, 2, 5, from where a standard deviation hardly counts. */
static void print_taus(const measures *m) {
    static const double step[] = {1, 2, 5};
    const double first = m->sd[0] > 0 ? floor(log10(0.1 / m->sd[0])) : -1;
    printf("# tau\teffective\tshare\n");
    for (int k = 0; k < TAUS; k++) {
        const double tau = step[k % 3] * pow(10, first + k / 3); // NOLINT(bugprone-integer-division): whole decades
        const double left = effective(m, tau);
        printf("%.9g\t%.6g\t%.6g\n", tau, left, left / (m->count - m->not_finite[0]));
    }
}

static bool print(const orw_rewards *rewards, const measures *m) {
    bool good = true;
    printf("# measure\treward");
    for (int c = 1; c < m->columns; c++) printf("\t%s", rewards->part[c - 1].column);
    printf("\n");
    print_row(m, "minimum", m->minimum);
    print_row(m, "maximum", m->maximum);
    print_row(m, "mean", m->mean);
    print_row(m, "sd", m->sd);
    print_row(m, "not_finite", m->not_finite);
    print_row(m, "repeat_difference", m->repeat);
    print_row(m, "batch_difference", m->others);
    printf("images\t%d\nmilliseconds_per_image\t%.4g\n", m->count, m->milliseconds);
    if (m->not_finite[0] < m->count) print_taus(m);
    fflush(stdout);
    for (int c = 0; c < m->columns; c++) {
        const char *name = c ? rewards->part[c - 1].column : "reward";
        const double tolerance = rounding * m->sd[c] + 1e-6 * fmax(fabs(m->minimum[c]), fabs(m->maximum[c]));
        if (m->not_finite[c] > 0) orw_warn("%s: %g of %d images have no finite one", name, m->not_finite[c], m->count);
        if (m->repeat[c] > 0)
            orw_warn("%s: the same images have another one the second time: results cannot be repeated", name);
        if (m->others[c] > tolerance)
            orw_warn("%s: an image has another one alone, or in another order, than among others: results would depend "
                     "on how batches are cut",
                     name);
        good = good && m->not_finite[c] == 0 && m->repeat[c] == 0 && m->others[c] <= tolerance;
    }
    return good;
}

static orw_status run(orw_cli_scorer *scorer, int wanted, bool *good) {
    measures m = {.count = wanted < scorer->data->count ? wanted : scorer->data->count, .columns = 1};
    if (orw_rewards_is_sum(&scorer->rewards)) m.columns += scorer->rewards.count;
    const size_t numbers = (size_t)m.count * (size_t)m.columns;
    m.which = malloc((size_t)m.count * sizeof *m.which);
    m.scores = malloc(3 * numbers * sizeof *m.scores);
    orw_status status = m.which && m.scores ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for %d images", m.count);
    if (status == ORW_OK) {
        m.again = m.scores + numbers;
        m.alone = m.again + numbers;
        for (int i = 0; i < m.count; i++) m.which[i] = (int)((int64_t)i * scorer->data->count / m.count);
        status = measure(scorer, &m);
    }
    if (status == ORW_OK) *good = print(&scorer->rewards, &m);
    free(m.scores);
    free(m.which);
    return status;
}

int orw_cli_reward(int argc, char **argv) {
    orw_cli_scored asked = {.expression = NULL};
    orw_cli_scorer scorer;
    int count = 256;
    bool good = true;
    const orw_cli_option options[] = {{"--dataset", ORW_CLI_TEXT, &asked.dataset, 0, 0},
                                      {"--model", ORW_CLI_TEXTS, &asked.models, 0, 0},
                                      {"--set", ORW_CLI_TEXTS, &asked.settings, 0, 0},
                                      {"--count", ORW_CLI_INT, &count, 2, 1 << 24},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 1, 1, &operands);
    if (status == ORW_OK && !asked.dataset)
        status = orw_error(ORW_ERR_INPUT, "orw reward: --dataset is missing; %.*s", (int)strcspn(usage, "\n"), usage);
    if (status != ORW_OK) return orw_cli_status(status);
    asked.expression = operands.words[0];
    status = orw_cli_scorer_open("reward", &asked, &scorer);
    if (status == ORW_OK) {
        status = run(&scorer, count, &good);
        orw_cli_scorer_close(&scorer);
    }
    return status == ORW_OK && !good ? ORW_EXIT_CHECK : orw_cli_status(status);
}
