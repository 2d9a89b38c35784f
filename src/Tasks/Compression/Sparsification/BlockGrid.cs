using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// The blocks of a layer's weights that integer kernels read together, whatever the instruction set: a panel of 16 outputs (a last one of
/// at most 8) times a quad of four products that follow one another in its input (<see cref="Int8Packing"/>).
/// </summary>
internal sealed class BlockGrid
{
    // Fewer quads are not worth an index of them.
    private const int FewestQuads = 8;

    private BlockGrid((int First, int Count)[] panels, int[][] quads)
    {
        Panels = panels;
        Quads = quads;
    }

    /// <summary>The panels: their first output channel and how many they have.</summary>
    public (int First, int Count)[] Panels { get; }

    /// <summary>For each quad the positions of its products in a channel's sum: four, or fewer at the end of a run of inputs.</summary>
    public int[][] Quads { get; }

    /// <summary>The number of blocks.</summary>
    public int Count => Panels.Length * Quads.Length;

    /// <summary>
    /// The blocks of a layer; null where its weights do not fill panels: depthwise layers, and those whose packed weights would be more
    /// than half padding or have fewer than eight quads.
    /// </summary>
    public static BlockGrid? Of(OperatorContext context, DotProductLayer layer)
    {
        ReadOnlySpan<int> shape = context.InputConstants[1]!.Dimensions.AsSpan();
        int outputs = layer.Channels / layer.Groups;
        if (!layer.IsMatrix && shape[1] == 1 && layer.Groups == layer.Channels && layer.Groups > 1)
            return null;
        Int8WeightOrder order = layer.IsMatrix
            ? new(WeightOrder.Dense, 1, outputs, layer.Length, 1, 1, layer.Length, 1)
            : new(WeightOrder.Convolution, layer.Groups, outputs, shape[1], Shapes.Count(shape[2..^1]), shape[^1], layer.InputChannels,
                WindowAttributes.Dilations(context.Node) is [.., long last] ? checked((int)last) : 1);
        int padded = Int8Packing.PaddedOutputs(outputs), quadBytes = Math.Min(padded, 16) * 4;
        int[][] quads = [.. Enumerable.Range(0, layer.Length).GroupBy(k => order.Place(k) / quadBytes).OrderBy(q => q.Key)
            .Select(q => q.Order().ToArray())];
        if (quads.Length < FewestQuads || (long)outputs * layer.Length * 2 < (long)padded * quads.Length * 4)
            return null;
        return new(
            [
                .. from g in Enumerable.Range(0, layer.Groups)
                   from p in Enumerable.Range(0, (outputs + 15) / 16)
                   select ((g * outputs) + (p * 16), Math.Min(16, outputs - (p * 16))),
            ],
            quads);
    }
}
