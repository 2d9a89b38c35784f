using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Lets nodes on float16 and bfloat16 values compute in float32: their inputs are converted before, their outputs rounded back behind.
/// Between two such nodes nothing is rounded, so that a model of 16-bit floats compresses like the float32 model it was made from; 16 bits
/// remain where the model's own outputs and conversions ask for them.
/// </summary>
/// <param name="values">The values known so far.</param>
/// <param name="uniqueNode">Gives an unused node name.</param>
internal sealed class Float16Arithmetic(ShapeInference values, Func<string, string> uniqueNode)
{
    private readonly Dictionary<string, string> _unrounded = new(StringComparer.Ordinal);

    /// <summary>
    /// The node itself, or nodes that do the same in float32. Each must be added to the values before the next is asked for.
    /// </summary>
    public IEnumerable<Node> Widen(Node node)
    {
        Operator? op = node.As<Operator>();
        OperatorForm? form = op is null ? null : OperatorSchema.Of(op).Newest;
        // Where float32 is not allowed either, the error shall name the type that the file has.
        string[] narrow = [.. node.Inputs.Where((value, i) => IsSixteenBitFloat(value)
            && form?.Input(i)?.Types.Contains(ElementType.Float32) != false).Distinct(StringComparer.Ordinal)];
        OperatorArithmetic arithmetic = op?.Arithmetic ?? OperatorArithmetic.Computes;
        if (narrow.Length == 0 || arithmetic == OperatorArithmetic.Converts
            || (arithmetic == OperatorArithmetic.Moves && !narrow.Any(_unrounded.ContainsKey)))
        {
            yield return node;
            yield break;
        }
        // A power of a float32 number with a float16 exponent is a float32 number.
        ImmutableArray<TensorType>? types = values.TypesBy(node);
        foreach (string input in narrow)
        {
            if (_unrounded.ContainsKey(input))
                continue;
            string wide = values.UniqueValue(input + "/float32");
            yield return Cast(node, input, wide, ElementType.Float32);
            _unrounded[input] = wide;
        }
        string[] outputs = [.. node.Outputs.Select(o => o.Length == 0 ? "" : values.UniqueValue(o + "/float32"))];
        yield return node with { Inputs = [.. node.Inputs.Select(i => narrow.Contains(i) ? _unrounded[i] : i)], Outputs = [.. outputs] };
        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].Length == 0)
                continue;
            ElementType wanted = types?[i].Element ?? values.TypeOf(narrow[0]).Element;
            if (values.TypeOf(outputs[i]).Element == ElementType.Float32 && wanted is ElementType.Float16 or ElementType.BFloat16)
            {
                _unrounded[node.Outputs[i]] = outputs[i];
                yield return Cast(node, outputs[i], node.Outputs[i], wanted);
            }
            else
            {
                yield return NodeOperators.New<IdentityOperator>(uniqueNode($"{node.Name}/Identity"), [outputs[i]], [node.Outputs[i]]);
            }
        }
    }

    private bool IsSixteenBitFloat(string value) =>
        value.Length > 0 && values.TypeOf(value).Element is ElementType.Float16 or ElementType.BFloat16;

    private Node Cast(Node node, string from, string to, ElementType type) =>
        CastOperator.WithType(NodeOperators.New<CastOperator>(uniqueNode($"{node.Name}/Cast"), [from], [to]), type);
}
