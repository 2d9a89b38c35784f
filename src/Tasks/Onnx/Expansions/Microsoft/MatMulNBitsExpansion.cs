using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// MatMulNBits (com.microsoft): a product with a constant matrix of 2, 4 or 8 bits an element, in blocks with scales of their own. The
/// matrix is unpacked when the model is built.
/// </summary>
[RewrittenOperator("MatMulNBits", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.Floats, Variable = "T")]
[Input(1, "B", Elements.UInt8, Fixed = true)]
[Input(2, "scales", Elements.Floats, Fixed = true)]
[Input(3, "zero_points", Elements.Floats | Elements.UInt8, Optional = true, Fixed = true)]
[Input(4, "g_idx", Elements.Int32, Optional = true, Fixed = true)]
[Input(5, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("K", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("N", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("accuracy_level", ParameterKind.Int)]
[Parameter("bits", ParameterKind.Int)]
[Parameter("block_size", ParameterKind.Int, Minimum = 16)]
internal sealed class MatMulNBitsExpansion : Expansion
{
    private const int LargestBlock = 1 << 16;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Tensor matrix = Unpacked(context);
        string product = context.Add(
            "MatMul", context[0], context.Add(NumericCast.Convert(matrix, context.Type(0).Element)!));
        context.Return(0, context.Has(5) ? context.Add("Add", product, context[5]) : product);
    }

    // float32 [K, N].
    private static Tensor Unpacked(ExpansionContext context)
    {
        Node node = context.Node;
        long bits = node.Int("bits", 4), block = node.Int("block_size", 32);
        long inputs = node.Int("K", 1), outputs = node.Int("N", 1);
        if (bits is not (2 or 4 or 8))
            throw context.Unsupported($"2, 4 or 8 bits, not {bits}");
        if (block > LargestBlock || !BitOperations.IsPow2(block))
            throw context.Invalid($"its block_size is {block} instead of a power of two from 16 to {LargestBlock}");
        context.Elements(inputs, outputs);
        long blocks = (inputs + block - 1) / block, blockBytes = block * bits / 8;
        byte[] packed = context.Bytes(1);
        float[] scales = context.Reals(2);
        if (packed.Length != outputs * blocks * blockBytes || scales.Length != outputs * blocks)
            throw context.Invalid($"its matrix has {packed.Length} bytes and {scales.Length} scales for {outputs}×{inputs} elements "
                + $"in {blocks} blocks a row");
        float[] zeros = ZeroPoints(context, outputs, blocks, bits);
        long[]? groups = context.Has(4) ? context.Integers(4) : null;
        if (groups is not null && (groups.Length < inputs || groups.Any(g => g < 0 || g >= blocks)))
            throw context.Invalid("its g_idx names other blocks than there are");
        var values = new float[inputs * outputs];
        for (long n = 0; n < outputs; n++)
        {
            for (long k = 0; k < inputs; k++)
            {
                long place = (n * blocks) + (groups?[k] ?? (k / block));
                int level = Level(packed, (n * blocks * block) + k, (int)bits);
                values[(k * outputs) + n] = (level - zeros[place]) * scales[place];
            }
        }
        return Tensor.Of(values, (int)inputs, (int)outputs);
    }

    // Numbers for each block; packed ones fill up their rows with bytes. Without any they are in the middle.
    private static float[] ZeroPoints(ExpansionContext context, long outputs, long blocks, long bits)
    {
        var zeros = new float[outputs * blocks];
        if (!context.Has(3))
        {
            Array.Fill(zeros, 1 << ((int)bits - 1));
            return zeros;
        }
        bool isPacked = context.Type(3).Element == ElementType.UInt8;
        long row = isPacked ? ((blocks * bits) + 7) / 8 : blocks;
        if (context.Type(3).Count != outputs * row)
            throw context.Invalid($"its zero points are {context.Type(3)} for {outputs}×{blocks} blocks");
        if (!isPacked)
            return context.Reals(3);
        byte[] packed = context.Bytes(3);
        for (long n = 0; n < outputs; n++)
            for (long b = 0; b < blocks; b++)
                zeros[(n * blocks) + b] = Level(packed, (n * row * 8 / bits) + b, (int)bits);
        return zeros;
    }

    // The lowest bits of a byte come first.
    private static int Level(byte[] packed, long index, int bits)
    {
        int perByte = 8 / bits;
        return (packed[index / perByte] >> ((int)(index % perByte) * bits)) & ((1 << bits) - 1);
    }
}
