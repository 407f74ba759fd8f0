/**
 * What every function of ours that reads jobs is created with. A plan is kept, also one that was made when a table was empty or had no statistics: it
 * must go by the index all the same, or a queue that was filled just now is read from end to end by each call.
 */
export const byIndex = `language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off set jit = off`
