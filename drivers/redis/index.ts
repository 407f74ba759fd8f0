export type { RoomsDriver } from '../../core/ports/rooms.js'
export type { RedisClient, RedisNode, RedisOptions, RedisTls } from './options.js'
export { type RedisRoomsOptions, redisRooms } from './rooms.js'
