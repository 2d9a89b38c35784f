using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// Every weight as a float32 number: panels of 16 outputs, filled up with zeros, in a panel one row of 16 for each product, products
/// running over taps and within a tap over inputs. Depthwise: for each tap one weight a channel.
/// </summary>
internal sealed class DenseFloat32 : WeightStorage
{
    /// <summary>Outputs in a panel.</summary>
    public const int Panel = 16;

    /// <inheritdoc/>
    public override string Name => "float32";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Float32;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 100;

    /// <summary>A number of outputs rounded up to whole panels.</summary>
    public static int Rounded(int outputs) => (outputs + Panel - 1) / Panel * Panel;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(WeightOrder order) => order switch
    {
        WeightOrder.Dense => ["Float32Dense", "Float32Lstm", "Float32Gru", "Float32Rnn"],
        WeightOrder.Convolution => ["Float32Convolution", "Float32NarrowConvolution"],
        _ => ["Float32Depthwise"],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        !context.IsInteger(node) && !SignBits.IsChosen(context, node) && !SparseFloat32.Suits(shape, weights);

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights)
    {
        float[] values = weights.Values<float>();
        var packed = new float[Length(shape)];
        foreach ((int at, int from) in Places(shape))
            packed[at] = values[from];
        return MemoryMarshal.AsBytes<float>(packed).ToArray();
    }

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        ReadOnlySpan<float> source = MemoryMarshal.Cast<byte, float>(packed);
        var values = new float[shape.Count];
        float[] copy = source.ToArray();
        foreach ((int at, int from) in Places(shape))
            values[from] = copy[at];
        return new(TypeOf(shape), values);
    }

    /// <summary>The biases of a layer that is not depthwise: each group filled up to whole panels; zeros where there are none.</summary>
    public static float[] Biases(int groups, int outputs, ReadOnlySpan<float> bias)
    {
        int rounded = Rounded(outputs);
        var packed = new float[groups * rounded];
        for (int g = 0; g < groups && bias.Length > 0; g++)
            bias.Slice(g * outputs, outputs).CopyTo(packed.AsSpan(g * rounded));
        return packed;
    }

    private static int Length(LayerShape shape) => shape.Order == WeightOrder.Depthwise
        ? shape.Count
        : checked(shape.Groups * Rounded(shape.Outputs) * shape.Inputs * shape.Taps);

    // Where each weight lies in the packed ones, and where it comes from.
    private static IEnumerable<(int Packed, int Weight)> Places(LayerShape shape)
    {
        int taps = shape.Taps;
        if (shape.Order == WeightOrder.Depthwise)
        {
            for (int c = 0; c < shape.Groups; c++)
                for (int t = 0; t < taps; t++)
                    yield return ((t * shape.Groups) + c, (c * taps) + t);
            yield break;
        }
        int rounded = Rounded(shape.Outputs), products = shape.Inputs * taps;
        for (int g = 0; g < shape.Groups; g++)
            for (int o = 0; o < shape.Outputs; o++)
                for (int i = 0; i < shape.Inputs; i++)
                    for (int t = 0; t < taps; t++)
                    {
                        int panel = (g * rounded) + (o / Panel * Panel);
                        yield return ((panel * products) + (((t * shape.Inputs) + i) * Panel) + (o % Panel),
                            (((((g * shape.Outputs) + o) * shape.Inputs) + i) * taps) + t);
                    }
    }
}
