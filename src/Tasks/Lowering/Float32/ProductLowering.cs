using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Matrix products. A constant second matrix is packed and makes a dense layer; otherwise both are multiplied as they are. Real types
/// other than float32 are computed in float32, integers in their own type.
/// </summary>
internal abstract class ProductLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (!context.Graph.TypeOf(node.Inputs[0]).Element.IsFloat())
        {
            MultiplyIntegers(context, node);
            return;
        }
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            if (output.Count > 0)
                Multiply(context, node, output);
        });
    }

    /// <summary>Emits the steps of a product that is not empty.</summary>
    protected abstract void Multiply(LoweringContext context, Node node, Storage output);

    /// <summary>Emits the steps of a product of integers.</summary>
    /// <exception cref="Diagnostics.ModelException">There is no kernel.</exception>
    protected virtual void MultiplyIntegers(LoweringContext context, Node node) => throw LoweringContext.NoKernel(
        node, $"products of {context.Graph.TypeOf(node.Inputs[0]).Element} with factors are not supported");

    /// <summary>The value whose rows are multiplied: before a layer that takes bits, what Sign reads.</summary>
    protected static string RowsOf(LoweringContext context, Node node) =>
        SignBits.IsChosen(context, node) ? SignLayers.Argument(context.Graph, node) : node.Inputs[0];

    /// <summary>Rows times constant weights.</summary>
    protected static void Dense(
        LoweringContext context,
        Node node,
        Storage input,
        Storage output,
        int rows,
        int inputs,
        int outputs,
        float[] bias,
        FusedBounds bounds,
        Func<int, int, float> weight)
    {
        var matrix = new float[checked(outputs * inputs)];
        for (int o = 0; o < outputs; o++)
            for (int k = 0; k < inputs; k++)
                matrix[(o * inputs) + k] = weight(o, k);
        LayerShape shape = LayerShape.OfRows(outputs, inputs) with { Rows = rows };
        if (SignBits.IsChosen(context, node))
        {
            SignSteps.Dense(context, node, input, output, shape, matrix, bias, bounds);
            return;
        }
        WeightSection weights = context.Section(node, shape with { HasPanelKernels = true }, matrix);
        bool isSparse = weights.Storage is SparseFloat32;
        float[] biases = DenseFloat32.Biases(1, outputs, bias);
        LoweredStep step = context.Step(
            isSparse ? nameof(Float32SparseDense) : nameof(Float32Dense), "Run", node,
            $"{node.OpType} {rows}×{inputs} → {rows}×{outputs}", context.Macs(node))
            .Operand("input", input);
        step = isSparse ? step.Weights(weights) : step.Operand("weights", NativeSteps.Elements(weights));
        step.Operand("bias", context.Constant(biases, biases.Length))
            .Write("output", output)
            .Int("rows", rows)
            .Int("inputs", inputs)
            .Int("outputs", outputs);
        bounds.AddTo(step);
    }

    /// <summary>A matrix times a matrix, for each pair of a batch.</summary>
    protected static void Product(
        LoweringContext context,
        Node node,
        Storage a,
        Storage b,
        Storage output,
        int rows,
        int inner,
        int columns,
        FusedBounds bounds,
        int[] batch,
        int[] aStrides,
        int[] bStrides)
    {
        LoweredStep step = context.Step("Float32MatMul", "Run", node, $"{NativeSteps.Text(a)} · {NativeSteps.Text(b)}", context.Macs(node))
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output)
            .Int("rows", rows)
            .Int("inner", inner)
            .Int("columns", columns);
        bounds.AddTo(step).Ints("batch", batch).Ints("aStrides", aStrides).Ints("bStrides", bStrides);
    }
}
