namespace OptimizerBuild.Pipeline.Learning;

/// <summary>
/// A head teaches itself: samples of unknown classes of which it is sure count as samples of these classes, as many of each class, in
/// rounds with more of them each time (self-training with confidence thresholds, Q. Xie et al. 2020, arXiv 1911.04252, section 2, where the
/// students are closed forms here).
/// </summary>
internal static class SelfTraining
{
    private const int Rounds = 8;

    // The share of all samples that count in the last round, and how sure the head must be of each.
    private const double GreatestShare = 0.8;
    private const double LeastConfidence = 0.4;

    // How much all of them count beside those whose classes are known: the less, the more of these there are of each class.
    private const double FewLabels = 10;

    /// <summary>Improves a head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="rows">The features of samples whose classes are known.</param>
    /// <param name="labels">The classes.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="others">The features of samples whose classes are not known.</param>
    /// <param name="notes">Hears what was done.</param>
    public static RidgeClassifier Run(
        RidgeClassifier head, float[][] rows, int[] labels, int classes, float[][] others, List<string> notes)
    {
        RidgeClassifier first = head;
        int taken = 0;
        for (int round = 1; round <= Rounds; round++)
        {
            int most = Math.Max(1, (int)(GreatestShare * others.Length * round / Rounds / classes));
            double[][] probabilities = [.. others.Select(o => RidgeClassifier.Probabilities(head.Logits(o)))];
            int[] found = Array.ConvertAll(probabilities, p => Array.IndexOf(p, p.Max()));
            int[] sure = [.. Enumerable.Range(0, classes).SelectMany(c => Enumerable.Range(0, others.Length)
                .Where(i => found[i] == c && probabilities[i][c] >= LeastConfidence)
                .OrderByDescending(i => probabilities[i][c]).ThenBy(i => i).Take(most)).Order()];
            if (sure.Length == 0)
                break;
            taken = sure.Length;
            double each = FewLabels / (FewLabels + ((double)labels.Length / classes)) * labels.Length / sure.Length;
            head = RidgeClassifier.Fit(
                [.. rows, .. sure.Select(i => others[i])], [.. labels, .. sure.Select(i => found[i])],
                [.. labels.Select(_ => 1.0), .. sure.Select(_ => each)], classes, like: first);
        }
        notes.Add(FormattableString.Invariant($"self-training: {taken} of {others.Length} samples without labels count as samples of the ")
            + "classes that the head gives them");
        return head;
    }
}
