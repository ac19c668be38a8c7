export { AnalyticsError, type ErrorCode, isAnalyticsError } from './errors.js'
