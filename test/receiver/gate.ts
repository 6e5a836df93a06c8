/** A way to a server that a test can close and open: what stands behind it is then unreachable, as if it were down. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Gate {
  /** host:port of the gate; the same after it was closed and opened. */
  readonly address: string;
  /** Cuts all connections and takes no new ones. Repeatable. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** Bytes that the server has sent through it so far. */
  readonly passed: number;
  /** Resolves when it has closed by itself. */
  readonly broken: Promise<void>;
}

export interface GateOptions {
  /** Closes by itself, once, when the server has sent so many bytes: those after are not delivered. */
  readonly breaksAfterBytes?: number;
  /** How the other side then hears of it. Left out: `end`. */
  readonly by?: 'end' | 'reset';
}

/** @param target host:port of the server behind it */
export async function openGate(
  target: string,
  { breaksAfterBytes = Infinity, by = 'end' }: GateOptions = {},
): Promise<Gate> {
  const [host, targetPort] = target.split(':') as [string, string];
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  let passed = 0;
  let breaksAfter = breaksAfterBytes;
  let hasBroken: () => void;
  const broken = new Promise<void>((resolve) => (hasBroken = resolve));
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const open = async () => {
    server = createServer((near) => {
      const far = connect(Number(targetPort), host);
      keep(near, far);
      keep(far, near);
      near.pipe(far);
      far.on('data', (bytes: Buffer) => {
        const rest = bytes.subarray(0, breaksAfter - passed);
        passed += rest.length;
        near.write(rest, () => {
          if (passed < breaksAfter) return;
          breaksAfter = Infinity;
          if (by === 'reset') near.resetAndDestroy();
          void close().then(hasBroken);
        });
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const close = async () => {
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server = null;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  return {
    address: `127.0.0.1:${port}`,
    open,
    close,
    broken,
    get passed() {
      return passed;
    },
  };
}
