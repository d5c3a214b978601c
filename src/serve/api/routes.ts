import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Sources } from '../sources.ts'

/** The HTTP API: routes carry their schemas, and /api/openapi.json is made from them. */
export type Api = OpenAPIHono

/** Puts some routes on the API; a Fault that a handler throws becomes an answer of its kind. */
export type Routes = (api: Api, sources: Sources) => void
