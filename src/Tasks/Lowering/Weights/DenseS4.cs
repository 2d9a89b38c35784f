using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// Four bits for each weight in memory, and a factor for each output and group of inputs where the layer has such groups
/// (<see cref="Int4Packing"/>): all codes, then the factors. A row is multiplied with the codes themselves, several rows with panels that
/// are expanded to s8 when their turn comes.
/// </summary>
internal sealed class DenseS4 : WeightStorage
{
    /// <summary>
    /// The fewest weights of a layer of one row without groups: from half a megabyte of s8 on they leave second-level caches, and half the
    /// bytes take less time, in spite of the instructions that separate them (<c>bench bits</c>).
    /// </summary>
    public const int FewestOfOneRow = 1 << 19;

    /// <summary>
    /// The fewest rows, if there are several, for which a layer without groups has this form: with fewer the time that it takes to expand
    /// the weights once can be told (<c>bench bits</c>).
    /// </summary>
    public const int FewestRows = 192;

    /// <summary>The fewest weights of a layer of several rows: smaller ones save too few bytes for a kernel of their own.</summary>
    public const int FewestWeights = 2048;

    // Fewer different values than this and zeros in this share of the places have codes of their own that are shorter than four bits.
    private const int FewestValues = 4;
    private const double MostZeros = 0.5;

    /// <inheritdoc/>
    public override string Name => "s4";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Int8;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 200;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(WeightOrder order) => order switch
    {
        WeightOrder.Dense => ["Int4Dense"],
        WeightOrder.Convolution => ["Int4Convolution"],
        _ => [],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        context.IsInteger(node) && Suits(shape, weights);

    /// <summary>Whether a layer of integers is stored so: its weights have four bits, and its kernels lose no time by it.</summary>
    public static bool Suits(LayerShape shape, Tensor weights)
    {
        if (!shape.HasPanelKernels || !HasWholeQuads(shape) || SparseS8.Suits(shape, weights))
            return false;
        sbyte[] values = weights.Values<sbyte>();
        if (shape.GroupInputs > 0)
            return values.Count(v => v == 0) < MostZeros * values.Length && TryPack(shape, values, out _, out _);
        bool isRow = shape is { Rows: 1, Taps: 1 };
        return (isRow ? values.Length >= FewestOfOneRow : shape.Rows >= FewestRows && values.Length >= FewestWeights)
            && values.All(v => Math.Abs((int)v) <= Int4Packing.Highest) && values.Distinct().Take(FewestValues).Count() == FewestValues
            && values.Count(v => v == 0) < MostZeros * values.Length;
    }

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, int Offset)> Arguments(WeightSection section) =>
    [
        ("weights", section.Offset), ("factors", section.Offset + CodeBytes(section.Shape)), ("groupInputs", section.Shape.GroupInputs),
    ];

    /// <inheritdoc/>
    public override ImmutableArray<(int Bytes, int Element)> Parts(LayerShape shape, int bytes)
    {
        int codes = CodeBytes(shape);
        return bytes > codes ? [(codes, 0), (bytes - codes, 1)] : [(codes, 0)];
    }

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights) =>
        TryPack(shape, weights.Values<sbyte>(), out byte[] codes, out byte[] factors) ? [.. codes, .. factors]
            : throw new InvalidOperationException("weights of more than four bits are to be stored in four");

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        Int8WeightOrder order = DenseS8.Order(shape);
        int codes = CodeBytes(shape);
        Tensor weights = Tensor.Zeros(TypeOf(shape));
        order.Unpack(
            Int4Packing.Unpack(
                packed[..codes], packed[codes..], shape.Groups, shape.Outputs, Quads(order), TapQuads(shape), GroupQuads(shape)),
            weights.Values<sbyte>());
        return weights;
    }

    /// <inheritdoc/>
    public override string? Fault(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        int factors = Int4Packing.FactorBytes(shape.Groups, shape.Outputs, TapQuads(shape), GroupQuads(shape));
        if (packed.Length != CodeBytes(shape) + factors)
            return $"{packed.Length} bytes are not the {CodeBytes(shape)} of the weights and {factors} of their factors";
        foreach (byte factor in packed[^factors..])
            if (factor is 0 or > Int4Packing.GreatestFactor)
                return $"a factor is {factor}";
        return null;
    }

    /// <summary>What the report says of layers whose weights take four bits in memory.</summary>
    /// <param name="size">The model.</param>
    /// <param name="sections">The weights of its layers.</param>
    public static IEnumerable<TechniqueAccount> Account(ModelSize size, IEnumerable<WeightSection> sections)
    {
        WeightSection[] four = [.. sections.Where(s => s.Storage is DenseS4).DistinctBy(s => s.Offset)];
        if (four.Length == 0)
            return [];
        long now = four.Sum(s => (long)s.Bytes), otherwise = four.Sum(s => (long)DenseS8.Order(s.Shape).Bytes);
        return
        [
            new("NibblesInMemory",
                [
                    string.Create(CultureInfo.InvariantCulture, $"{now} bytes of weights in memory that would be {otherwise} as s8"),
                    "weights of four bits: " + string.Join(", ", four.Select(s => $"'{s.Node}'"
                        + (s.Shape.GroupInputs > 0
                            ? string.Create(CultureInfo.InvariantCulture, $" (groups of {s.Shape.GroupInputs} inputs)") : ""))),
                ],
                size with { Bytes = size.Bytes + otherwise - now }, size),
        ];
    }

    private static bool TryPack(LayerShape shape, sbyte[] weights, out byte[] codes, out byte[] factors)
    {
        Int8WeightOrder order = DenseS8.Order(shape);
        return Int4Packing.TryPack(
            order.Pack(weights), shape.Groups, shape.Outputs, Quads(order), TapQuads(shape), GroupQuads(shape), out codes, out factors);
    }

    private static bool HasWholeQuads(LayerShape shape) => shape.Inputs % 4 == 0 && shape.GroupInputs % 4 == 0;

    private static int CodeBytes(LayerShape shape) =>
        Int4Packing.PackedBytes(shape.Groups, shape.Outputs, Quads(DenseS8.Order(shape)));

    private static int Quads(Int8WeightOrder order) => checked(order.Segments.Count * order.Segments.Quads);

    private static int TapQuads(LayerShape shape) => shape.Inputs / 4;

    private static int GroupQuads(LayerShape shape) => shape.GroupInputs / 4;
}
