import { describe, expect, it } from 'vitest';
import { trainReportText } from '../../../src/cli/train-report-text.ts';
import type { PairFigure } from '../../../src/training/dev-report.ts';
import { pooledSource } from '../../../src/training/outcomes.ts';

const figure = (strong: string, source: string): PairFigure => ({
  ...{ strong, weak: 'small', source, prompts: 50, apgr: 0.6, interval95: [0.5, 0.7], length: 0.4 },
});

describe('trainReportText', () => {
  it('keeps long names apart from the figures', () => {
    const name = 'some-organization/a-model-of-a-really-very-long-name';
    const text = trainReportText({
      figures: [figure(name, 'a-long-source-name'), figure(name, pooledSource)],
      calibration: {
        ...{ crossFitted: 0.1, sameRows: 0.05 },
        pairs: [{ strong: name, weak: 'small', prompts: 50, crossFitted: 0.1 }],
      },
    });
    expect(text).toMatch(/long-name \/ small +a-long-source-name +50 +0\.600 \(0\.500 to 0\.700\)/);
    expect(text).toMatch(/long-name \/ small +50 +0\.100\n/);
  });

  it('says why there is no APGR, and the calibration that there is', () => {
    const none = { crossFitted: null, sameRows: null, pairs: [] };
    const nothing = trainReportText({ figures: [], calibration: none });
    expect(nothing).toMatch(/none: no pair has 40 prompts of a source .*\n$/);
    const pairs = [{ strong: 'big', weak: 'small', prompts: 50, crossFitted: 0.1 }];
    const calibration = { crossFitted: 0.1, sameRows: 0.05, pairs };
    expect(trainReportText({ figures: [], calibration })).toContain('on the other half  0.100\n');
  });
});
