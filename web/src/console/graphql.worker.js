// The worker of the operation editor, which also derives the JSON Schema of the variables.
import { initialize } from "monaco-editor/esm/vs/editor/editor.worker.js";
import { GraphQLWorker } from "monaco-graphql/esm/GraphQLWorker.js";

class Worker extends GraphQLWorker {
  /** The library requires each field that is not null, also one with a default value. */
  async doGetVariablesJSONSchema(uri) {
    const schema = await super.doGetVariablesJSONSchema(uri);
    for (const definition of Object.values(schema?.definitions ?? {})) {
      const { properties, required } = definition;
      definition.required = required?.filter((name) => properties[name].default === undefined);
    }
    return schema;
  }
}

globalThis.onmessage = () => initialize((context, data) => new Worker(context, data));
