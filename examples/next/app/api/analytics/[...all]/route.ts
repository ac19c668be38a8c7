import { toNextHandlers } from '@millimetric/adapters/next'
import { after } from 'next/server'
import { analytics } from '../../../../lib/analytics'

export const { GET, HEAD, POST, DELETE, OPTIONS } = toNextHandlers(analytics, { after })
