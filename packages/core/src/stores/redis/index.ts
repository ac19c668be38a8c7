export type { RedisClient, RedisRateLimitsOptions } from './redis-rate-limits.js'
export { redisRateLimits } from './redis-rate-limits.js'
