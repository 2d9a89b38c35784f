using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// One bit for each weight and a float32 scale for each output (<see cref="SignPacking"/>): all bits, then the scales, rounded up to whole
/// panels. It holds the layers that multiply signs by signs (<see cref="SignLayers"/>).
/// </summary>
internal sealed class SignBits : WeightStorage
{
    /// <inheritdoc/>
    public override string Name => "bits";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Float32;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 500;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(WeightOrder order) => order == WeightOrder.Depthwise ? [] : ["SignConvolution"];

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        !context.IsInteger(node) && IsChosen(context, node);

    /// <summary>Whether a node that runs in float32 runs on bits.</summary>
    public static bool IsChosen(LoweringContext context, Node node) => SignLayers.Multiplies(context.Graph, node);

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, int Offset)> Arguments(WeightSection section) =>
        [("weights", section.Offset), ("scales", section.Offset + Bits(section.Shape))];

    /// <inheritdoc/>
    public override ImmutableArray<(int Bytes, int Element)> Parts(LayerShape shape, int bytes) =>
        [(Bits(shape), 1), (bytes - Bits(shape), sizeof(float))];

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights)
    {
        float[] values = weights.Values<float>();
        int length = shape.Inputs * shape.Taps;
        var scales = new float[SignPacking.PaddedOutputs(shape.Outputs)];
        for (int o = 0; o < shape.Outputs; o++)
            scales[o] = Math.Abs(values[o * length]);
        for (int i = 0; i < values.Length; i++)
            if (shape.Groups != 1 || Math.Abs(values[i]) != scales[i / length])
                throw new InvalidOperationException("weights that are no signs times a scale are to be stored as such");
        return [.. SignPacking.Pack(values, shape.Outputs, shape.Inputs, shape.Taps), .. MemoryMarshal.AsBytes<float>(scales)];
    }

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        float[] scales = MemoryMarshal.Cast<byte, float>(packed[Bits(shape)..]).ToArray();
        return new(TypeOf(shape), SignPacking.Unpack(packed, scales, shape.Outputs, shape.Inputs, shape.Taps));
    }

    /// <summary>What the report says of layers whose weights are bits.</summary>
    /// <param name="size">The model.</param>
    /// <param name="sections">The weights of its layers.</param>
    public static IEnumerable<TechniqueAccount> Account(ModelSize size, IEnumerable<WeightSection> sections)
    {
        WeightSection[] signs = [.. sections.Where(s => s.Storage is SignBits).DistinctBy(s => s.Offset)];
        if (signs.Length == 0)
            return [];
        long now = signs.Sum(s => (long)s.Bytes), otherwise = signs.Sum(s => (long)s.Shape.Count);
        return
        [
            new("SignsTimesSigns",
                [
                    string.Create(CultureInfo.InvariantCulture, $"{now} bytes of weights in memory that would be {otherwise} as s8"),
                    "signs multiplied by signs, on bits: " + string.Join(", ", signs.Select(s => $"'{s.Node}'")),
                ],
                size with { Bytes = size.Bytes + otherwise - now }, size),
        ];
    }

    private static int Bits(LayerShape shape) => SignPacking.PackedBytes(shape.Outputs, shape.Inputs, shape.Taps);
}
