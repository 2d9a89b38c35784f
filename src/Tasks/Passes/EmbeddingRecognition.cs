using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Passes;

/// <summary>
/// Recognises the product of a one-hot encoding with a constant matrix, <c>MatMul(Cast(Equal(ids, 0…n−1)), table)</c>, and makes it a
/// look-up of the matrix's rows: an Embedding node, whose index outside the table gives zeros as the one-hot encoding does.
/// </summary>
internal sealed class EmbeddingRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<MatMulOperator>() || node.HasInput(2)
            || editor.Constant(node.Input(1)) is not { Element: ElementType.Float32, Rank: 2 } table
            || editor.Producer(node.Input(0)) is not { } cast || !cast.Is<CastOperator>() || editor.Producer(cast.Input(0)) is not { } equal
            || !equal.Is<EqualOperator>())
            return false;
        TensorType hot = editor.TypeOf(cast.Input(0));
        if (hot.Rank < 2)
            return false;
        int ids = IsRange(editor.Constant(equal.Input(1)), table.Dimensions[0]) ? 0
            : IsRange(editor.Constant(equal.Input(0)), table.Dimensions[0]) ? 1 : -1;
        if (ids < 0 || Indices(editor, equal.Input(ids), hot) is not { } source)
            return false;
        TensorType type = TensorType.Of(editor.TypeOf(source).Element, hot.Dimensions.AsSpan()[..^1]);
        string indices = editor.AddValue(node.Name + ".indices", type);
        Node embedding = NodeOperators.New<EmbeddingOperator>(node.Name, [node.Input(1), indices], node.Outputs);
        foreach ((string name, AttributeValue value) in node.Attributes)
            embedding = embedding.With(name, value);
        editor.Replace(node, ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".indices"), source, indices), embedding);
        editor.Prune(node.Input(0));
        return true;
    }

    // 0, 1, … n − 1 along the last axis.
    private static bool IsRange(Tensor? constant, int count)
    {
        if (constant is null || constant.Element.IsFloat() || !constant.Element.IsNumeric()
            || constant.Count != count
            || constant.Rank == 0 || constant.Dimensions[^1] != count)
            return false;
        long[] values = constant.ToInt64();
        for (int i = 0; i < count; i++)
            if (values[i] != i)
                return false;
        return true;
    }

    // The value whose elements are the indices, one for each row of the encoding, before it is repeated along the row.
    private static string? Indices(GraphEditor editor, string value, TensorType hot)
    {
        if (editor.Constant(value) is not null)
            return null;
        if (editor.Producer(value) is { } expand && expand.Is<ExpandOperator>()
            && editor.TypeOf(value).Dimensions[^1] == hot.Dimensions[^1])
            value = expand.Input(0);
        TensorType type = editor.TypeOf(value);
        return type.Rank > 0 && type.Dimensions[^1] == 1 && type.Count == hot.Count / hot.Dimensions[^1]
            && type.Element.IsNumeric() && !type.Element.IsFloat() ? value : null;
    }
}
