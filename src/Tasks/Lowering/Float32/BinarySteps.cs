using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Emits the elementwise kernels of two operands.</summary>
internal static class BinarySteps
{
    /// <summary>Emits one operation; the output is dense and the operands broadcast to its shape.</summary>
    /// <param name="context">Where the step goes.</param>
    /// <param name="node">The node it belongs to.</param>
    /// <param name="operation">The kernel's method: Add, Sub, Mul, Div, Max, Min, Pow; for float32 also PRelu.</param>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand, of the same element type.</param>
    /// <param name="output">The output.</param>
    /// <param name="bounds">The fused activation's bounds.</param>
    public static void Binary(
        this LoweringContext context, Node node, string operation, Storage a, Storage b, Storage output, FusedBounds bounds)
    {
        if (output.Count == 0)
            return;
        (a, b) = (Consecutive(context, node, a, output), Consecutive(context, node, b, output));
        int[] aStrides = a.BroadcastStrides(output.Dimensions.AsSpan());
        int[] bStrides = b.BroadcastStrides(output.Dimensions.AsSpan());
        BoxShape box = BoxShape.Of(output.Dimensions.AsSpan(), output.Strides, aStrides, bStrides);
        bool single = output.Element == ElementType.Float32;
        LoweredStep step = context.Step(
                single ? "Float32Binary" : "NumericBinary", operation, node, $"{operation} {NativeSteps.Text(a)}, {NativeSteps.Text(b)}")
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output);
        if (single)
            bounds.AddTo(step);
        else
            step.Int("elementType", (int)output.Element);
        step.Ints("dims", box.Dimensions)
            .Ints("aStrides", NativeSteps.Elements(box.Strides[1], output.ElementSize))
            .Ints("bStrides", NativeSteps.Elements(box.Strides[2], output.ElementSize));
        // An operand that is read once for each output, at its place, may give the place up.
        if (a.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan()) && !SharesBuffer(a, b))
            step.MayReuse(output, a);
        if (b.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan()) && !SharesBuffer(a, b))
            step.MayReuse(output, b);
    }

    // A transposed operand has no vectors to read: copied first, it costs less than half, and nothing where another node had it copied.
    private static Storage Consecutive(LoweringContext context, Node node, Storage operand, Storage output)
    {
        int inner = operand.Dimensions.Length - 1;
        while (inner >= 0 && operand.Dimensions[inner] == 1)
            inner--;
        return inner >= 0 && operand.Count == output.Count && operand.Strides[inner] != operand.ElementSize
            ? context.Dense(node, operand)
            : operand;
    }

    // Two views of one buffer: the output would overwrite what the other view has yet to read, unless both are the same.
    private static bool SharesBuffer(Storage a, Storage b) =>
        a.Buffer is not null && a.Buffer == b.Buffer && (a.Origin != b.Origin || !a.Strides.AsSpan().SequenceEqual(b.Strides.AsSpan()));
}
