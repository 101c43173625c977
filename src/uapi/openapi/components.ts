import type { SwaggerTransformObject } from '@fastify/swagger';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';

/**
 * Makes the OpenAPI document one that people can read: schemas with an id and the parameters that
 * several operations take stand once, under `components`.
 */
export const withComponents: SwaggerTransformObject = (document) => {
  const whole = jsonSchemaTransformObject(document) as OpenAPIV3_1.Document;
  const operations = Object.values(whole.paths ?? {}).flatMap(
    (path) => Object.values(path ?? {}) as OpenAPIV3_1.OperationObject[],
  );
  for (const operation of operations) relaxBody(operation);
  const parameters = shareParameters(operations);
  const schemas = usedSchemas(whole.paths, whole.components?.schemas ?? {});
  return {
    ...whole,
    components: { ...whole.components, parameters, schemas },
  } as ReturnType<SwaggerTransformObject>;
};

/** The generator calls every body required; here all of its arguments may stand in the query. */
function relaxBody({ requestBody }: OpenAPIV3_1.OperationObject): void {
  if (requestBody !== undefined && 'required' in requestBody) delete requestBody.required;
}

/** Puts a reference in place of each parameter that is the same in several operations. */
function shareParameters(operations: readonly OpenAPIV3_1.OperationObject[]) {
  const counts = new Map<string, number>();
  const all = operations.flatMap(({ parameters = [] }) => parameters);
  for (const text of all.map((parameter) => JSON.stringify(parameter))) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const shared: Record<string, OpenAPIV3_1.ParameterObject> = {};
  for (const operation of operations) {
    operation.parameters &&= operation.parameters.map((parameter) => {
      if ('$ref' in parameter || (counts.get(JSON.stringify(parameter)) ?? 0) < 2) return parameter;
      shared[parameter.name] ??= parameter;
      const isSame = JSON.stringify(shared[parameter.name]) === JSON.stringify(parameter);
      return isSame ? { $ref: `#/components/parameters/${parameter.name}` } : parameter;
    });
  }
  return shared;
}

/**
 * The registry holds a form for what comes in and one for what goes out of each schema, in the order
 * in which modules were loaded: sorted, they do not depend on who imports what.
 */
function usedSchemas(paths: unknown, schemas: Readonly<Record<string, unknown>>) {
  const used = new Set<string>();
  const collect = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name] ?? null);
    }
  };
  collect(paths);
  const found = Object.entries(schemas).filter(([name]) => used.has(name));
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
