import type { Curve, CurvePoint } from '../calibration/curve.ts';
import type { Estimate } from '../calibration/interval.ts';

/** A curve for machines; figures are { value, interval_95 } or null. */
export function curveJson(found: Curve) {
  const { evidence, sources, noQuality, quality, cost, points } = found;
  return {
    requests: evidence.requests,
    explicit: {
      outcomes: evidence.explicit.outcomes,
      usable: evidence.explicit.strong + evidence.explicit.weak,
      explored: evidence.explicit.explored,
      clipped: evidence.explicit.clipped,
    },
    judged: { outcomes: evidence.judged.outcomes },
    sources: sources.map(({ name, outcomes, weight, advantage }) => ({
      ...{ name, outcomes, weight },
      advantage: figure(advantage),
    })),
    no_quality: noQuality,
    quality: quality && {
      weak: figure(quality.weak),
      strong: figure(quality.strong),
      advantage: figure(quality.advantage),
    },
    cost_per_1k_usd: cost && {
      basis: cost.basis,
      weak: figure(cost.weakUsd),
      strong: figure(cost.strongUsd),
    },
    points: points.map(pointJson),
  };
}

export function pointJson({ threshold, share, quality, pgr, floors, ...cost }: CurvePoint) {
  return {
    ...{ threshold, share },
    quality: figure(quality),
    pgr: figure(pgr),
    cost_per_1k_usd: figure(cost.costPer1kUsd),
    saved_against_strong_usd: figure(cost.savedAgainstStrongUsd),
    extra_against_weak_usd: figure(cost.extraAgainstWeakUsd),
    random: floors.random && { pgr: floors.random.pgr, gain: figure(floors.random.gain) },
    length: floors.length && { pgr: figure(floors.length.pgr), gain: figure(floors.length.gain) },
  };
}

function figure(estimate: Estimate | null) {
  return estimate && { value: estimate.value, interval_95: estimate.interval95 };
}
