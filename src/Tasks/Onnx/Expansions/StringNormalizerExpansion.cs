using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// StringNormalizer: a list of strings without some words, in small or capital letters. Where words may be left out, the result has as many
/// places as the input, and a length says how many count; one empty string stays where all are left out.
/// </summary>
[RewrittenOperator("StringNormalizer")]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Parameter("case_change_action", ParameterKind.String, Choices = ["LOWER", "UPPER", "NONE"])]
[Parameter("is_case_sensitive", ParameterKind.Int)]
[Parameter("locale", ParameterKind.String)]
[Parameter("stopwords", ParameterKind.Strings)]
internal sealed class StringNormalizerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        if (type.Rank is not (1 or 2) || (type.Rank == 2 && type.Dimensions[0] != 1))
            throw context.Invalid($"its input is {type} instead of a list, or a single row of strings");
        string[] words = context.Node.Texts("stopwords") ?? [];
        string action = context.Node.Text("case_change_action", "NONE");
        int axis = type.Rank - 1, count = type.Count;
        if (count == 0)
        {
            context.Return(0, context.Add(Tensor.Of([""], [.. Enumerable.Repeat(1, type.Rank)])));
            return;
        }
        if (words.Length == 0)
        {
            context.Return(0, Changed(context, context[0], action));
            return;
        }
        string list = context.Reshape(context[0], (long)count);
        // Compared in any case, both the words and the text are in small letters.
        bool sensitive = context.Node.Int("is_case_sensitive", 0) != 0;
        string compared = sensitive ? list : Changed(context, list, "LOWER");
        string[] keys = [.. words.Select(w => sensitive ? w : StringCaseOperator.Change(w, upper: false)).Distinct(StringComparer.Ordinal)];
        Node encoder = new Node("", "LabelEncoder", [compared], []) { Domain = LabelEncoderOperator.MlDomain };
        string kept = context.Add(LabelEncoderOperator.With(
            encoder, Tensor.Of(keys, keys.Length), Tensor.Of(new long[keys.Length], keys.Length), Tensor.Scalar(1L)));
        (string selected, string length) = SelectedPlaces.Of(context, context.Cast(kept, ElementType.Bool));
        string moved = context.Add(ExpansionContext.New("Gather", Changed(context, list, action), selected).With("axis", 0));
        string counts = context.Add("Less", SelectedPlaces.Increasing(context, count), length);
        string result = context.Add("Where", counts, moved, context.Add(Tensor.Scalar("")));
        context.Return(0, type.Rank == 1 ? result : context.Reshape(result, 1, count),
            context.Add("Max", length, context.Scalar(ElementType.Int64, 1)), axis);
    }

    private static string Changed(ExpansionContext context, string value, string action) => action == "NONE" ? value
        : context.Add((ExpansionContext.New(StringCaseOperator.Type, value) with { Domain = Node.InternalDomain })
            .With("upper", action == "UPPER" ? 1 : 0));
}
