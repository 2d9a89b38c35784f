using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Steps that apply a function of one u8 value by looking it up.</summary>
internal static class TableSteps
{
    /// <summary>Emits the look-up of every element.</summary>
    /// <param name="context">The context.</param>
    /// <param name="node">The node it is done for.</param>
    /// <param name="input">The input, in any layout, of the output's shape.</param>
    /// <param name="output">The output.</param>
    /// <param name="table">256 bytes.</param>
    /// <param name="description">For the plan's comment.</param>
    public static void Emit(LoweringContext context, Node node, Storage input, Storage output, byte[] table, string description)
    {
        RowShape? rows = RowShape.Of(input, output);
        if (rows is null)
        {
            input = context.Dense(node, input);
            rows = RowShape.Of(input, output);
        }
        if (rows is null)
        {
            // A slice of a bordered feature map may take more loops than the kernel has; copies have as many as they need.
            Storage looked = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
            Emit(context, node, input, looked, table, description);
            context.Copy(node.Name, looked, output, description);
            return;
        }
        context.Step("Int8Table", "Run", node, description)
            .Read("input", input)
            .Int("inputImageStride", rows.Strides[0].Image)
            .Int("inputRowStride", rows.Strides[0].Row)
            .Write("output", output)
            .Int("outputImageStride", rows.Strides[1].Image)
            .Int("outputRowStride", rows.Strides[1].Row)
            .Int("table", context.Weights.Add<byte>(table))
            .Int("images", rows.Images)
            .Int("rows", rows.Rows)
            .Int("rowLength", rows.RowLength)
            .MayReuse(output, input);
    }
}
