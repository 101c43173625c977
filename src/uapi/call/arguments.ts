/**
 * The arguments of one call, whatever door and encoding they came through. Values are texts, as in
 * a query; a JSON body's true is "1", its false "0", its numbers their decimal form.
 */
export type Arguments = ReadonlyMap<string, string>;
