using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Lets nodes on bfloat16 values compute in float32: their inputs are converted before, their outputs rounded back behind. Between two
/// such nodes nothing is rounded, so that a bfloat16 model compresses like the float32 model it was made from; bfloat16 remains where
/// the model's own outputs and conversions ask for it.
/// </summary>
/// <param name="values">The values known so far.</param>
/// <param name="uniqueNode">Gives an unused node name.</param>
internal sealed class BFloat16Arithmetic(ShapeInference values, Func<string, string> uniqueNode)
{
    private readonly Dictionary<string, string> _unrounded = new(StringComparer.Ordinal);

    /// <summary>
    /// The node itself, or nodes that do the same in float32. Each must be added to the values before the next is asked for.
    /// </summary>
    public IEnumerable<Node> Widen(Node node)
    {
        string[] narrow = [.. node.Inputs.Where(IsBFloat16).Distinct(StringComparer.Ordinal)];
        OperatorArithmetic arithmetic = node.As<Operator>()?.Arithmetic ?? OperatorArithmetic.Computes;
        if (narrow.Length == 0 || arithmetic == OperatorArithmetic.Converts
            || (arithmetic == OperatorArithmetic.Moves && !narrow.Any(_unrounded.ContainsKey)))
        {
            yield return node;
            yield break;
        }
        foreach (string input in narrow)
        {
            if (_unrounded.ContainsKey(input))
                continue;
            string wide = values.UniqueValue(input + "/float32");
            yield return Cast(node, input, wide, ElementType.Float32);
            _unrounded[input] = wide;
        }
        string[] outputs = [.. node.Outputs.Select(o => o.Length == 0 ? "" : values.UniqueValue(o + "/float32"))];
        yield return node with { Inputs = [.. node.Inputs.Select(i => IsBFloat16(i) ? _unrounded[i] : i)], Outputs = [.. outputs] };
        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].Length == 0)
                continue;
            if (values.TypeOf(outputs[i]).Element == ElementType.Float32)
            {
                _unrounded[node.Outputs[i]] = outputs[i];
                yield return Cast(node, outputs[i], node.Outputs[i], ElementType.BFloat16);
            }
            else
            {
                yield return NodeOperators.New<IdentityOperator>(uniqueNode($"{node.Name}/Identity"), [outputs[i]], [node.Outputs[i]]);
            }
        }
    }

    private bool IsBFloat16(string value) => value.Length > 0 && values.TypeOf(value).Element == ElementType.BFloat16;

    private Node Cast(Node node, string from, string to, ElementType type) =>
        CastOperator.WithType(NodeOperators.New<CastOperator>(uniqueNode($"{node.Name}/Cast"), [from], [to]), type);
}
