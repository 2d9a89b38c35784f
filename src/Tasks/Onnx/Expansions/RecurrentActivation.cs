using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>An activation of a recurrent layer, whose names are in any case.</summary>
/// <param name="Name">The name in small letters.</param>
/// <param name="Alpha">Its first factor; null for the default.</param>
/// <param name="Beta">Its second factor; null for the default.</param>
internal sealed record RecurrentActivation(string Name, float? Alpha, float? Beta)
{
    /// <summary>The activations of a direction.</summary>
    /// <param name="context">The node.</param>
    /// <param name="direction">The number of the direction.</param>
    /// <param name="defaults">Those where the node names none.</param>
    public static RecurrentActivation[] Of(ExpansionContext context, int direction, string[] defaults)
    {
        string[] names = context.Node.Texts("activations") ?? [];
        // One direction's names serve both.
        int first = names.Length >= (direction + 1) * defaults.Length ? direction * defaults.Length : 0;
        if (names.Length > 0 && names.Length < defaults.Length)
            throw context.Invalid($"it names {names.Length} activations instead of {defaults.Length}");
        float[] alphas = context.Node.Floats("activation_alpha") ?? [], betas = context.Node.Floats("activation_beta") ?? [];
        // The lists of factors have entries for those activations only that take them, over all directions.
        string[] all = [.. Enumerable.Range(0, direction * defaults.Length).Select(i =>
            names.Length > i ? names[i] : defaults[i % defaults.Length])];
        int alpha = all.Count(n => TakesAlpha(n)), beta = all.Count(n => TakesBeta(n));
        if (first == 0)
            (alpha, beta) = (0, 0);
        var result = new RecurrentActivation[defaults.Length];
        for (int i = 0; i < result.Length; i++)
        {
            string name = (names.Length > 0 ? names[first + i] : defaults[i]).ToLowerInvariant();
            result[i] = new(name, TakesAlpha(name) && alpha < alphas.Length ? alphas[alpha++] : null,
                TakesBeta(name) && beta < betas.Length ? betas[beta++] : null);
        }
        return result;
    }

    /// <summary>Adds the activation of a value.</summary>
    public string Apply(ExpansionContext context, string value)
    {
        ElementType element = context.TypeOf(value).Element;
        return Name switch
        {
            "sigmoid" => context.Add("Sigmoid", value),
            "tanh" => context.Add("Tanh", value),
            "relu" => context.Add("Relu", value),
            "softsign" => context.Add("Softsign", value),
            "softplus" => context.Add("Softplus", value),
            "leakyrelu" => context.Add(With("LeakyRelu", Alpha ?? 0.01f)),
            "elu" => context.Add(With("Elu", Alpha ?? 1)),
            "thresholdedrelu" => context.Add(With("ThresholdedRelu", Alpha ?? 1)),
            "hardsigmoid" => context.Add(With("HardSigmoid", Alpha ?? 0.2f).With("beta", new AttributeValue.Float(Beta ?? 0.5f))),
            "affine" => context.Add("Add", Times(value, Alpha ?? 1), context.Scalar(element, Beta ?? 0)),
            "scaledtanh" => Times(context.Add("Tanh", Times(value, Beta ?? 1)), Alpha ?? 1),
            _ => throw context.Unsupported($"the activations of the specification, not '{Name}'"),
        };

        Node With(string opType, float alpha) => ExpansionContext.New(opType, value).With("alpha", new AttributeValue.Float(alpha));

        string Times(string x, float factor) => context.Add("Mul", x, context.Scalar(element, factor));
    }

    private static bool TakesAlpha(string name) => name.ToLowerInvariant() is "leakyrelu" or "elu" or "thresholdedrelu" or "hardsigmoid"
        or "affine" or "scaledtanh";

    private static bool TakesBeta(string name) => name.ToLowerInvariant() is "hardsigmoid" or "affine" or "scaledtanh";
}
