import { createRoute } from '@hono/zod-openapi'
import {
  FileAnswer,
  FileQuery,
  FilesAnswer,
  FilesQuery,
  LakeAnswer,
  LakeQuery,
  SnapshotsAnswer,
} from '../contract/lake.ts'
import { lakeContents } from '../lake-contents.ts'
import { answered, FAILURES } from './asking.ts'
import type { Routes } from './routes.ts'

const lake = createRoute({
  method: 'get',
  path: '/api/lake',
  summary: 'The days of a table of the lake',
  description:
    'Of the newest snapshot, from its manifests; `ticklake inspect --json` writes the same.',
  tags: ['Lake'],
  request: { query: LakeQuery },
  responses: { 200: answered(LakeAnswer, 'Where it is, totals, days'), ...FAILURES },
})

const files = createRoute({
  method: 'get',
  path: '/api/lake/files',
  summary: 'The data files of a day',
  tags: ['Lake'],
  request: { query: FilesQuery },
  responses: { 200: answered(FilesAnswer, 'None where nothing of the day is there'), ...FAILURES },
})

const file = createRoute({
  method: 'get',
  path: '/api/lake/file',
  summary: "One data file: its schema and its columns' statistics",
  description:
    'Of the newest snapshot alone; read from the end of the file, as its writer left it there.',
  tags: ['Lake'],
  request: { query: FileQuery },
  responses: { 200: answered(FileAnswer, 'The file'), ...FAILURES },
})

const snapshots = createRoute({
  method: 'get',
  path: '/api/lake/snapshots',
  summary: 'The snapshots that are kept',
  tags: ['Lake'],
  request: { query: LakeQuery },
  responses: { 200: answered(SnapshotsAnswer, 'What each commit changed'), ...FAILURES },
})

export const lakeRoutes: Routes = (api, sources) => {
  const contents = lakeContents(() => sources.lakes(), sources.spillDir)
  api.openapi(lake, async (context) =>
    context.json(await contents.summary(context.req.valid('query').table), 200),
  )
  api.openapi(files, async (context) => {
    const { table, day } = context.req.valid('query')
    return context.json(await contents.files(table, day), 200)
  })
  api.openapi(file, async (context) => {
    const { table, id } = context.req.valid('query')
    return context.json(await contents.file(table, id), 200)
  })
  api.openapi(snapshots, async (context) =>
    context.json(await contents.snapshots(context.req.valid('query').table), 200),
  )
}
