// Records what the serverless-fargate plugin compiles: plugin/<case>/template.json of plugin/<case>/serverless.yml.
// Again, in an empty directory: npm install --ignore-scripts --legacy-peer-deps serverless-fargate@1.1.0 yaml@2
// then there: node <this file> <that directory>. Of variables, only a whole ${file(…)} is known here.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(resolve(process.argv[2]), 'index.js'));
const Plugin = require('serverless-fargate');
const YAML = require('yaml');
const cases = join(dirname(fileURLToPath(import.meta.url)), 'plugin');

const load = (file) => YAML.parse(readFileSync(file, 'utf8'), (_key, value) => {
  const found = typeof value === 'string' && value.match(/^\$\{file\((.+)\)\}$/);
  return found ? load(join(dirname(file), found[1])) : value;
});

for (const name of readdirSync(cases).sort()) {
  const file = join(cases, name, 'serverless.yml');
  if (!existsSync(file)) continue;
  const configuration = load(file);
  const service = configuration.service.name ?? configuration.service;
  const built = configuration.provider.ecr?.images ?? {};
  const functions = {};
  const template = { Resources: {}, Outputs: {} };
  const plugin = new Plugin({
    configSchemaHandler: { defineTopLevelProperty() {} },
    configurationInput: configuration,
    service: { provider: { ...configuration.provider, compiledCloudFormationTemplate: template }, functions },
    getProvider: () => ({
      resolveImageUriAndSha: async (task) => {
        const image = functions[task].image;
        const uri = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/serverless-${service}-dev:${image}`;
        return { functionImageUri: image in built ? uri : image };
      },
    }),
  });
  await plugin.hooks['package:compileFunctions']();
  Object.assign(template.Resources, configuration.resources?.Resources);
  Object.assign(template.Outputs, configuration.resources?.Outputs);
  writeFileSync(join(cases, name, 'template.json'), `${JSON.stringify(template, null, 2)}\n`);
}
