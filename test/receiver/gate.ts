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
}

export interface GateOptions {
  /** Closes by itself, for good, once the server has sent so many bytes: those after are not delivered. */
  readonly breaksAfterBytes?: number;
}

/** @param target host:port of the server behind it */
export async function openGate(target: string, { breaksAfterBytes = Infinity }: GateOptions = {}): Promise<Gate> {
  const [host, targetPort] = target.split(':') as [string, string];
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  let passed = 0;
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
        const rest = bytes.subarray(0, breaksAfterBytes - passed);
        passed += rest.length;
        near.write(rest, () => void (passed >= breaksAfterBytes && close()));
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
    get passed() {
      return passed;
    },
  };
}
