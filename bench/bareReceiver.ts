/** The floor of the receiver: a Fastify handler that does one insert, as anybody would write it. Ends on SIGTERM. */
import fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['PASSERELLE_BENCH_DATABASE_URL']! });
await pool.query(`
  create table if not exists bench_event (
    id bigint generated always as identity primary key, received_at timestamptz not null default now(), body json not null
  )`);
const app = fastify();
app.post('/webhooks', async (request, reply) => {
  await pool.query({
    name: 'insert',
    text: 'insert into bench_event (body) values ($1)',
    values: [JSON.stringify(request.body)],
  });
  return reply.code(202).send({ status: 'stored' });
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.stderr.write(`bare receiver started ${address}\n`);
process.once('SIGTERM', () => void app.close().then(() => pool.end()));
