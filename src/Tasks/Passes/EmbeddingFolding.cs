using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Passes;

/// <summary>
/// Applies elementwise functions, and constants that differ by column, to the rows of an embedding's table at build time instead of to
/// each looked-up row. Exact for every index in the table; an index outside it keeps giving zeros.
/// </summary>
internal sealed class EmbeddingFolding : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Outputs.Length != 1 || Elementwise.StaysApart(node))
            return false;
        string argument;
        Node onTable;
        var constants = ImmutableSortedDictionary.CreateBuilder<string, Tensor>(StringComparer.Ordinal);
        if (Elementwise.ArgumentOfFunction(editor, node) is { } single)
        {
            argument = single;
            onTable = node;
            foreach (string input in node.Inputs)
                if (editor.Constant(input) is { } constant)
                    constants[input] = constant.Count == 1 ? constant.Reshape() : Tensor.Scalar(constant.Values<float>()[0]);
        }
        else if (Elementwise.IsBinary(node) && Elementwise.IsSumOrProduct(node) && editor.Constant(node.Input(1)) is { } operand)
        {
            argument = node.Input(0);
            TensorType type = editor.TypeOf(argument);
            if (type != editor.TypeOf(node.Outputs[0]) || ConstantArithmetic.AlongAxis(operand, type, type.Rank - 1) is not { } columns)
                return false;
            onTable = node;
            constants[node.Input(1)] = Tensor.Of(columns, columns.Length);
        }
        else
        {
            return false;
        }
        if (editor.Producer(argument) is not { } embedding || !embedding.Is<EmbeddingOperator>()
            || !editor.HasSingleUse(argument) || editor.Constant(embedding.Input(0)) is not { Element: ElementType.Float32 } table)
            return false;
        string changed = editor.AddConstant(embedding.Input(0), Evaluate(onTable, argument, table, constants.ToImmutable()));
        editor.Remove(node);
        editor.Replace(embedding, embedding with { Inputs = embedding.Inputs.SetItem(0, changed), Outputs = node.Outputs });
        return true;
    }

    private static Tensor Evaluate(Node node, string argument, Tensor table, ImmutableSortedDictionary<string, Tensor> constants)
    {
        var graph = new Graph
        {
            Name = node.Name,
            Inputs = [argument],
            Outputs = node.Outputs,
            Nodes = [node],
            Constants = constants,
            Types = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(argument, table.Type),
                KeyValuePair.Create(node.Outputs[0], table.Type)]),
        };
        return new GraphEvaluator(graph).Evaluate([table])[0];
    }
}
