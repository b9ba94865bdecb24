import { Command } from 'commander';
import { version } from '../version.ts';
import type { CliContext } from './cli-io.ts';
import { addCalibrateCommand } from './commands/calibrate-command.ts';
import { addCascadeCommand } from './commands/cascade-command.ts';
import { addCheckConfigCommand } from './commands/check-config-command.ts';
import { addDriftCommand } from './commands/drift-command.ts';
import { addEvaluateCommand } from './commands/evaluate-command.ts';
import { addForgetCommand } from './commands/forget-command.ts';
import { addImportRoutellmCommand } from './commands/import-routellm-command.ts';
import { addLabelCommand } from './commands/label-command.ts';
import { addModelsCommand } from './commands/models-command.ts';
import { addScoreCommand } from './commands/score-command.ts';
import { addServeCommand } from './commands/serve-command.ts';
import { addTrainCommand } from './commands/train-command.ts';

/** The commands and their flags. Each loads its own code when it runs, so that help is instant. */
export function createProgram(context: CliContext): Command {
  const { io } = context;
  const program = new Command('pointsman')
    .description(
      'Sends each prompt to a strong or a weak model, behind one OpenAI-compatible address.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) =>
        write(text.replace(/^error: /, 'pointsman: ').replace('\n(', ' (')),
    });
  addServeCommand(program, context);
  addCalibrateCommand(program, context);
  addScoreCommand(program, context);
  addDriftCommand(program, context);
  addCascadeCommand(program, context);
  addEvaluateCommand(program, context);
  addModelsCommand(program, context);
  addImportRoutellmCommand(program, context);
  addLabelCommand(program, context);
  addTrainCommand(program, context);
  addForgetCommand(program, context);
  addCheckConfigCommand(program, context);
  return program;
}
