using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>An activation of a recurrent layer.</summary>
/// <param name="Name">Its name, as the specification spells it.</param>
/// <param name="Alpha">Its first factor; of no meaning where it takes none.</param>
/// <param name="Beta">Its second factor; of no meaning where it takes none.</param>
internal sealed record RecurrentFunction(string Name, float Alpha, float Beta)
{
    private static readonly Dictionary<string, Form> Forms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Sigmoid"] = new(RecurrentActivation.Sigmoid, null, null, (x, _, _) => Sigmoid(x), (_, y, _, _) => y * (1 - y)),
        ["Tanh"] = new(RecurrentActivation.Tanh, null, null, (x, _, _) => ElementaryFunctions.Tanh(x), (_, y, _, _) => 1 - (y * y)),
        ["Relu"] = new(RecurrentActivation.Relu, null, null, (x, _, _) => 0 > x ? 0 : x, (x, _, _, _) => x > 0 ? 1 : 0),
        ["Affine"] = new(RecurrentActivation.Affine, 1, 0, (x, a, b) => (a * x) + b, (_, _, a, _) => a),
        ["LeakyRelu"] = new(RecurrentActivation.LeakyRelu, 0.01f, null, (x, a, _) => x < 0 ? a * x : x, (x, _, a, _) => x < 0 ? a : 1),
        ["ThresholdedRelu"] = new(RecurrentActivation.ThresholdedRelu, 1, null, (x, a, _) => x > a ? x : 0,
            (x, _, a, _) => x > a ? 1 : 0),
        ["ScaledTanh"] = new(RecurrentActivation.ScaledTanh, 1, 1, (x, a, b) => a * ElementaryFunctions.Tanh(b * x),
            (_, y, a, b) => b * (a - (a == 0 ? 0 : y * y / a))),
        ["HardSigmoid"] = new(RecurrentActivation.HardSigmoid, 0.2f, 0.5f, (x, a, b) => Math.Min(1, Math.Max(0, (a * x) + b)),
            (x, _, a, b) => (a * x) + b is > 0 and < 1 ? a : 0),
        ["Elu"] = new(RecurrentActivation.Elu, 1, null, (x, a, _) => x < 0 ? a * (ElementaryFunctions.Exp(x) - 1) : x,
            (x, y, a, _) => x < 0 ? y + a : 1),
        ["Softsign"] = new(RecurrentActivation.Softsign, null, null, (x, _, _) => x / (1 + Math.Abs(x)),
            (x, _, _, _) => 1 / ((1 + Math.Abs(x)) * (1 + Math.Abs(x)))),
        ["Softplus"] = new(RecurrentActivation.Softplus, null, null, (x, _, _) => Softplus(x), (x, _, _, _) => Sigmoid(x)),
    };

    private readonly Form _form = Forms[Name];

    /// <summary>The activation's number in kernels.</summary>
    public int Number => _form.Number;

    /// <summary>Whether it takes a first factor.</summary>
    public bool TakesAlpha => _form.Alpha is not null;

    /// <summary>Whether it takes a second factor.</summary>
    public bool TakesBeta => _form.Beta is not null;

    /// <summary>Whether no result lies beyond −1 and 1.</summary>
    public bool IsWithinOne => _form.Number is RecurrentActivation.Sigmoid or RecurrentActivation.Tanh or RecurrentActivation.HardSigmoid
        or RecurrentActivation.Softsign;

    /// <summary>The activation of one value.</summary>
    public float Of(float x) => (float)_form.Compute(x, Alpha, Beta);

    /// <summary>The activation of one value in double precision.</summary>
    public double Of(double x) => _form.Compute(x, Alpha, Beta);

    /// <summary>Its derivative.</summary>
    /// <param name="x">The value.</param>
    /// <param name="y">What the activation makes of it.</param>
    public double Derivative(double x, double y) => _form.Derivative(x, y, Alpha, Beta);

    /// <summary>Puts values through the activation, in place.</summary>
    public void Apply(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Of(values[i]);
    }

    /// <summary>Reads the activations that a node of the standard names, whose names are in any case.</summary>
    /// <param name="names">The names; empty for the defaults. One direction's names serve both.</param>
    /// <param name="alphas">The first factors of those that take one, one after the other.</param>
    /// <param name="betas">The second factors of those that take one, one after the other.</param>
    /// <param name="defaults">The activations of a direction where the node names none.</param>
    /// <param name="directions">The number of directions.</param>
    /// <param name="obstacle">What is wrong with the names, else empty.</param>
    public static RecurrentFunction[] Read(
        string[] names, float[] alphas, float[] betas, string[] defaults, int directions, out string obstacle)
    {
        obstacle = names.Length > 0 && names.Length < defaults.Length
            ? $"it names {names.Length} activations instead of {defaults.Length}" : "";
        string[] all = [.. Enumerable.Range(0, directions * defaults.Length).Select(i =>
            Spelled(names.Length == 0 ? defaults[i % defaults.Length] : names.Length > i ? names[i] : names[i % defaults.Length]))];
        if (obstacle.Length == 0 && all.FirstOrDefault(n => !Forms.ContainsKey(n)) is { } unknown)
            obstacle = $"its activation '{unknown}' is none of the specification";
        var result = new RecurrentFunction[all.Length];
        (int alpha, int beta) = (0, 0);
        for (int i = 0; i < all.Length && obstacle.Length == 0; i++)
        {
            // The second direction has the first one's factors, too, where it has its names.
            if (i == defaults.Length && names.Length < all.Length)
                (alpha, beta) = (0, 0);
            Form form = Forms[all[i]];
            result[i] = new(all[i],
                form.Alpha is { } a ? (alpha < alphas.Length ? alphas[alpha++] : a) : 0,
                form.Beta is { } b ? (beta < betas.Length ? betas[beta++] : b) : 0);
        }
        return result;
    }

    /// <summary>A node with activations, all of them named and with all factors.</summary>
    public static Node Write(Node node, IReadOnlyList<RecurrentFunction> functions) => node
        .With("activations", new AttributeValue.Texts([.. functions.Select(f => f.Name)]))
        .With("activation_alpha", new AttributeValue.Floats([.. functions.Select(f => f.Alpha)]))
        .With("activation_beta", new AttributeValue.Floats([.. functions.Select(f => f.Beta)]));

    /// <summary>The activations of one direction of a node of this build.</summary>
    /// <param name="node">The node.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="count">How many a direction has.</param>
    public static RecurrentFunction[] Of(Node node, int direction, int count)
    {
        (string[] names, float[] alphas, float[] betas) =
            (node.Texts("activations")!, node.Floats("activation_alpha")!, node.Floats("activation_beta")!);
        return [.. Enumerable.Range(direction * count, count).Select(i => new RecurrentFunction(names[i], alphas[i], betas[i]))];
    }

    // As the specification spells a name that it knows: some runtimes take no other.
    private static string Spelled(string name) =>
        Forms.Keys.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + ElementaryFunctions.Exp(-x))
        : double.IsNaN(x) ? x : ElementaryFunctions.Exp(x) / (1 + ElementaryFunctions.Exp(x));

    private static double Softplus(double x) => Math.Max(x, 0) + ElementaryFunctions.Log(1 + ElementaryFunctions.Exp(-Math.Abs(x)));

    private sealed record Form(int Number, float? Alpha, float? Beta, Func<double, double, double, double> Compute,
        Func<double, double, double, double, double> Derivative);
}
