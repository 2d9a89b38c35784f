using OptimizerBuild.Data;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Samples to learn from, of which some are held back to judge by: every tenth, at most 1,024.</summary>
internal sealed class RecoveryData
{
    private const int MostHeldBack = 1024;
    private const int Share = 10;

    private readonly SampleSet _set;
    private readonly int[] _learned;
    private readonly int[] _heldBack;
    private readonly int[]? _labels;

    /// <summary>Divides samples.</summary>
    /// <param name="set">The samples, at least four.</param>
    /// <param name="classes">The number of classes of a classifier; 0 where labels are of no use.</param>
    /// <param name="firstLabel">The label of the first class.</param>
    public RecoveryData(SampleSet set, int classes, int firstLabel = 0)
    {
        _set = set;
        int count = set.Samples.Count, held = Math.Clamp(count / Share, 1, MostHeldBack);
        _heldBack = [.. Enumerable.Range(0, held).Select(i => (int)((((long)i * 2) + 1) * count / (2 * held)))];
        _learned = [.. Enumerable.Range(0, count).Except(_heldBack)];
        _labels = classes > 0 && set.Labels is { } labels && labels.Count == count && labels.Element is not ElementType.String
            && !labels.Element.IsFloat() && !labels.Element.IsNarrow() && labels.ToInt64() is var numbers
            && numbers.All(n => n >= firstLabel && n < (long)firstLabel + classes)
            ? Array.ConvertAll(numbers, n => (int)(n - firstLabel)) : null;
    }

    /// <summary>The number of samples to learn from.</summary>
    public int Learned => _learned.Length;

    /// <summary>The number of samples held back.</summary>
    public int HeldBack => _heldBack.Length;

    /// <summary>Whether the samples have labels that serve.</summary>
    public bool HasLabels => _labels is not null;

    /// <summary>The inputs of a sample.</summary>
    /// <param name="sample">Its number among those of its kind.</param>
    /// <param name="heldBack">Whether it is one of those held back.</param>
    public IReadOnlyList<Tensor> At(int sample, bool heldBack) => _set.Samples[heldBack ? _heldBack[sample] : _learned[sample]];

    /// <summary>The class of a sample; −1 where none is known.</summary>
    /// <param name="sample">Its number among those of its kind.</param>
    /// <param name="heldBack">Whether it is one of those held back.</param>
    public int Label(int sample, bool heldBack) => _labels is null ? -1 : _labels[heldBack ? _heldBack[sample] : _learned[sample]];
}
