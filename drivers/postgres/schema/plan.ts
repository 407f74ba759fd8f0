/**
 * What every function of ours that reads jobs is created with, if it is called from outside.
 *
 * One plan is made per session and kept: to plan each call took more than a quarter of a small one. It may have been made when a table was empty or had
 * no statistics, so it must go by the index, or a queue that was filled just now is read from end to end by each call.
 */
export const byIndex = `language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off set jit = off`

/** The same for functions that only those above call: the settings of the caller hold for them too, and to set them again costs more than most of them do. */
export const within = 'language plpgsql'
