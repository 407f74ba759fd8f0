/** Which packages of the Redis drivers are not installed. */
export async function missing(): Promise<readonly string[]> {
  try {
    await import('ioredis')
    return []
  } catch {
    return ['ioredis']
  }
}
