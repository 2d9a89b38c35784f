using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Passes;

/// <summary>
/// Folds multiplications and additions of constants, one for each output channel, into the weights and bias of the Conv, Gemm or MatMul
/// before them; a MatMul of two matrices with a bias becomes a Gemm. Also normalises Gemm: alpha and beta 1, the bias one vector.
/// </summary>
internal sealed class OutputAffineFolding : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Is<GemmOperator>() && NeedsNormalForm(editor, node) && LinearLayer.Of(editor, node) is { } gemm)
        {
            editor.Replace(node, gemm.Normalised(editor));
            return true;
        }
        if (!Elementwise.IsBinary(node) || !Elementwise.IsSumOrProduct(node) || editor.Constant(node.Input(1)) is not { } constant
            || editor.Producer(node.Input(0)) is not { } producer || !editor.HasSingleUse(node.Input(0))
            || producer.HasActivation()
            || LinearLayer.Of(editor, producer) is not { } layer || layer.OutputType != editor.TypeOf(node.Outputs[0])
            || ConstantArithmetic.AlongAxis(constant, layer.OutputType, layer.OutputAxis) is not { } values
            || values.Any(v => !float.IsFinite(v)))
            return false;
        if (node.Is<AddOperator>() && !layer.TakesBias)
        {
            AsMatrices(editor, node, producer, layer, values);
            return true;
        }
        Node folded = node.Is<MulOperator>() ? layer.WithOutputAffine(editor, values, null) : layer.WithOutputAffine(editor, null, values);
        foreach ((string name, AttributeValue value) in node.Attributes)
            folded = folded.With(name, value);
        editor.Remove(node);
        editor.Replace(producer, folded with { Outputs = node.Outputs });
        return true;
    }

    // A product of stacked matrices with one matrix is the product of all their rows with it: Reshape, Gemm, Reshape.
    private static void AsMatrices(GraphEditor editor, Node add, Node product, LinearLayer layer, float[] bias)
    {
        int rows = layer.OutputType.Count / Math.Max(1, layer.Outputs);
        string flat = editor.AddValue(product.Name + ".rows", TensorType.Float32(rows, layer.Inputs));
        string result = editor.AddValue(product.Name + ".product", TensorType.Float32(rows, layer.Outputs));
        Node gemm = layer.WithOutputAffine(editor, null, bias);
        foreach ((string name, AttributeValue value) in add.Attributes)
            gemm = gemm.With(name, value);
        editor.Remove(add);
        editor.Replace(product,
            ReshapeMerging.Reshape(editor, editor.UniqueName(product.Name + ".flatten"), product.Input(0), flat),
            gemm.Becoming<GemmOperator>() with { Inputs = gemm.Inputs.SetItem(0, flat), Outputs = [result] },
            ReshapeMerging.Reshape(editor, editor.UniqueName(product.Name + ".unflatten"), result, add.Outputs[0]));
    }

    private static bool NeedsNormalForm(GraphEditor editor, Node node) =>
        GemmOperator.HasFactors(node)
        || (node.HasInput(2) && editor.Constant(node.Input(2)) is { } bias
            && (bias.Rank != 1 || bias.Count != editor.TypeOf(node.Outputs[0]).Dimensions[1]));
}
