import * as z from 'zod'
import { EXPORT_FORMATS, type ExportRequest } from './export.js'
import { questionShape } from './query.js'

/** Parameters of `GET /v1/export`; an unknown parameter is an error. */
export const exportRequestSchema: z.ZodType<ExportRequest> = z.strictObject({
  ...questionShape,
  format: z.enum(EXPORT_FORMATS).optional(),
})
