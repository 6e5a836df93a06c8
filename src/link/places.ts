/**
 * Places for items under way, shared by the chunks of one connection in this process. The chunk that came first goes first: the
 * others begin with what it leaves over, and have all of them while it waits for its last answers and the next chunk is fetched.
 */
export interface Places {
  /** One chunk's way to the places, behind those that joined before it. */
  join(): ChunkPlaces;
}

export interface ChunkPlaces {
  /** Waits for a place. */
  take(): Promise<void>;
  /** Gives one back. */
  free(): void;
}

export function createPlaces(most: number): Places {
  let taken = 0;
  let joined = 0;
  /** In the order of their chunks, and within a chunk of their coming. */
  const waiting: { readonly chunk: number; readonly go: () => void }[] = [];

  function free(): void {
    const first = waiting.shift();
    if (first === undefined) taken -= 1;
    else first.go();
  }

  function take(chunk: number): Promise<void> {
    if (taken < most) {
      taken += 1;
      return Promise.resolve();
    }
    return new Promise((go) => {
      const behind = waiting.findIndex((one) => one.chunk > chunk);
      waiting.splice(behind < 0 ? waiting.length : behind, 0, { chunk, go });
    });
  }

  return {
    join() {
      joined += 1;
      const chunk = joined;
      return { take: () => take(chunk), free };
    },
  };
}
