export declare function importSource(file: string): Promise<unknown>;
