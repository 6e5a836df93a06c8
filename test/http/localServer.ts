import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it reached the server. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server on a free port that answers as each test says. */
export class LocalServer {
  readonly received: Received[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  #answer: (request: Received, response: ServerResponse) => void = (_, response) => response.end('{}');

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body: Buffer.concat(chunks).toString() };
        this.received.push(received);
        this.#answer(received, response);
      });
    });
    this.#server.on('connection', (socket) => this.sockets.add(socket));
  }

  static async start(): Promise<LocalServer> {
    const server = new LocalServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answers(answer: (request: Received, response: ServerResponse) => void): void {
    this.#answer = answer;
  }

  answersWith(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.answers((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
