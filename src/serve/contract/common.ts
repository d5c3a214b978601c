import { z } from 'zod'

/** RFC 3339, UTC. */
export const moment = () => z.string().describe('RFC 3339, UTC')

/** What every route answers with when it does not answer. */
export const ApiError = z
  .object({
    error: z.object({
      kind: z.enum(['invalid', 'unavailable', 'conflict', 'corrupt', 'closed', 'bug']),
      message: z.string(),
      remedy: z.string().describe('What a person can do about it'),
      position: z
        .number()
        .int()
        .nullable()
        .optional()
        .describe('Of a statement: where it is wrong, in UTF-16 units from its start'),
    }),
  })
  .describe('Why there is no answer, and what to do')
export type ApiError = z.infer<typeof ApiError>

/** How far an answer reaches. */
export const Reach = z.object({
  as_of: moment().nullable().describe('When the newest record in it came; null: nothing recorded'),
  covers: z.enum(['lake', 'lake and tail']),
  degraded: z.boolean().describe('The lake is far behind: the answer ends before the tape does'),
})
export type Reach = z.infer<typeof Reach>

/** A whole number that may pass 2^53, as text. */
export const wholeText = () => z.string().regex(/^-?\d+$/)
