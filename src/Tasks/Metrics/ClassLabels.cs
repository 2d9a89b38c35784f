using OptimizerBuild.Data;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Metrics;

/// <summary>
/// Labels as class indices from 0, whatever form the data has them in: integers, real numbers without fractions, one-hot rows, or classes
/// counted from 1.
/// </summary>
/// <param name="Indices">The class of each row of scores, sample after sample.</param>
/// <param name="PerSample">Rows of scores in a sample: more than one for models of a batch.</param>
/// <param name="First">The number of the first class in the data: 0 or 1.</param>
internal sealed record ClassLabels(float[] Indices, int PerSample, int First)
{
    /// <summary>Reads labels; null where they cannot be class indices.</summary>
    /// <param name="labels">The labels.</param>
    /// <param name="scores">The type of the output with the scores of one sample.</param>
    /// <param name="samples">The number of samples.</param>
    /// <param name="expected">What would fit, for messages.</param>
    /// <param name="found">What is there instead, for messages; empty where the labels fit.</param>
    public static ClassLabels? TryRead(Tensor labels, TensorType scores, int samples, out string expected, out string found)
    {
        found = "";
        int classes = scores.Rank > 0 ? scores.Dimensions[^1] : 1;
        expected = FormattableString.Invariant($"one label for each of {samples} samples, labels 0 to {Math.Max(classes - 1, 0)}");
        if (labels.Count == 0 || samples == 0 || scores.Count < 2)
        {
            found = $"{labels.Type}";
            return null;
        }
        if (classes > 1 && labels.Count == (long)samples * scores.Count && OneHot(labels, classes) is { } chosen)
            return new(chosen, scores.Count / classes, 0);
        int rows = labels.Count / samples;
        if (labels.Count % samples != 0 || scores.Count % rows != 0 || scores.Count / rows < 2)
        {
            found = $"{labels.Type}";
            return null;
        }
        classes = scores.Count / rows;
        expected = FormattableString.Invariant($"one label for each of {samples} samples, labels 0 to {classes - 1}");
        var indices = new float[labels.Count];
        double least = double.PositiveInfinity, greatest = double.NegativeInfinity;
        for (int i = 0; i < indices.Length; i++)
        {
            double value = ElementConversion.Real(labels, i);
            if (value != Math.Floor(value) || double.IsInfinity(value))
            {
                expected = "integer class labels, " + expected;
                found = FormattableString.Invariant($"{labels.Type} with {value}");
                return null;
            }
            (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
            indices[i] = (float)value;
        }
        // The greatest class of labels that count from 0 lies below the number of classes, so that this is certain.
        int first = least >= 1 && greatest == classes ? 1 : 0;
        if (least < first || greatest >= classes + first)
        {
            found = FormattableString.Invariant($"{labels.Type} from {least} to {greatest}");
            return null;
        }
        for (int i = 0; first > 0 && i < indices.Length; i++)
            indices[i] -= first;
        return new(indices, rows, first);
    }

    // The class of each row; null where a row has another number than 0 or 1, or not a single 1.
    private static float[]? OneHot(Tensor labels, int classes)
    {
        var chosen = new float[labels.Count / classes];
        for (int row = 0; row < chosen.Length; row++)
        {
            int ones = 0;
            for (int c = 0; c < classes; c++)
            {
                double value = ElementConversion.Real(labels, (row * classes) + c);
                if (value == 1)
                    (chosen[row], ones) = (c, ones + 1);
                else if (value != 0)
                    return null;
            }
            if (ones != 1)
                return null;
        }
        return chosen;
    }
}
