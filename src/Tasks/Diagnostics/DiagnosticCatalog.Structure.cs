namespace OptimizerBuild.Diagnostics;

/// <content>Diagnostics of techniques that make the graph smaller.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>
    /// Fewer channels may vanish than asked for. Arguments: metadata, share asked for, share possible, what is left alone and why.
    /// </summary>
    public static readonly DiagnosticDescriptor TooFewChannels = new("OPT0055", Severity.Error, "Not enough channels can be left out",
        "{0}=\"{1}\" asks for that share of the multiply-accumulates to go, but by leaving out channels at most {2} of them can{3}",
        "Channels can go only where nothing depends on their places: not those of the model's inputs and outputs, nor those that an "
            + "operator works across, such as a normalisation. A step of each layer always stays.",
        "Ask for less. The model's report names the layers that are left alone with the reason.");
}
