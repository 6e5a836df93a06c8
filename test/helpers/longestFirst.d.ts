/** What jest hands to a sequencer, as far as an order needs it. */
interface TestFile {
  readonly path: string;
  readonly context: {
    readonly config: { readonly rootDir: string; readonly id: string; readonly cacheDirectory: string };
    readonly hasteFS: { readonly getSize: (path: string) => number };
  };
}

export const longest: readonly string[];

export default class LongestFirst {
  constructor(options?: { readonly contexts: readonly never[]; readonly globalConfig: object });
  sort(tests: readonly TestFile[]): readonly TestFile[];
}
