/* rewards.c - a driver's rewards, before any work. */
#include "orw/program.h"

orw_status orw_program_check_rewards(orw_program *program, const orw_reward_host *host) {
    const bool tries = !program->only_looks && orw_program_stage(program, "rewards");
    const orw_status status = tries && orw_comm_rank(program->comm) == 0 ? orw_rewards_check(host) : ORW_OK;
    ORW_CALL(orw_comm_agree(program->comm, status));
    return orw_dictionary_set(program->about, "run.reward", "%s", orw_config_text(program->config, "reward"));
}
