//! Which of several targets is next: smooth weighted round robin, as a pure step.
//!
//! Every step each target gains its weight; the one that has most is picked and pays the sum of all weights. Targets are
//! picked in proportion to their weights, and never in clumps.

/// Takes one step. `credits` has one entry per weight and sums to zero; gives the index of the target picked, or `None`
/// where every weight is zero.
pub fn step(credits: &mut [i64], weights: &[u32]) -> Option<usize> {
    let total: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
    let mut picked: Option<(usize, i64)> = None;
    for (index, (credit, weight)) in credits.iter_mut().zip(weights).enumerate() {
        *credit += i64::from(*weight);
        if *weight > 0 && picked.is_none_or(|(_, most)| *credit > most) {
            picked = Some((index, *credit));
        }
    }
    let (index, _) = picked?;
    if let Some(credit) = credits.get_mut(index) {
        *credit -= total;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn picks_are_spread_out() {
        let rows: &[(&[u32], &[usize])] =
            &[(&[1], &[0, 0]), (&[1, 1], &[0, 1, 0, 1]), (&[5, 1, 1], &[0, 0, 1, 0, 2, 0, 0]), (&[0, 2], &[1, 1]), (&[0], &[]), (&[], &[])];
        for (weights, expect) in rows {
            let mut credits = vec![0; weights.len()];
            let picked: Vec<usize> = (0..expect.len().max(1)).filter_map(|_| step(&mut credits, weights)).collect();
            assert_eq!(picked, *expect, "{weights:?}");
        }
    }

    proptest! {
        #[test]
        fn one_round_picks_each_target_as_often_as_its_weight(weights in proptest::collection::vec(0u32..50, 1..6)) {
            let mut credits = vec![0; weights.len()];
            let mut counts = vec![0u32; weights.len()];
            for _ in 0..weights.iter().sum::<u32>() {
                if let Some(index) = step(&mut credits, &weights) {
                    counts[index] += 1;
                }
            }
            prop_assert_eq!(counts, weights);
            prop_assert!(credits.iter().all(|credit| *credit == 0));
        }
    }
}
