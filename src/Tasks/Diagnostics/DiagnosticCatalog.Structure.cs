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

    /// <summary>How many keys an input that is a map has is known nowhere. Arguments: input, node, its operator.</summary>
    public static readonly DiagnosticDescriptor UnknownKeys = new("OPT0063", Severity.Error, "Map of unknown size",
        "input '{0}' is a map whose keys node '{1}' ({2}) takes as they come, so that its number of values is not known; write "
            + "Shapes=\"{0}=1,N\" with that number",
        "Shapes are fixed at build time. CastMap in its dense form hands on the values of all keys that a map has, in ascending order of "
            + "the keys. The model's declared shape [1,N] of its result says how many there are, or the metadata `Shapes` does; callers "
            + "then pass a row of N values.",
        "Write the number of keys in `Shapes`, or export the model with `map_form` SPARSE and `max_map`.");

    /// <summary>A rule for single layers fits none. Arguments: pattern, what was looked for, what there is.</summary>
    public static readonly DiagnosticDescriptor LayerNotFound = new("OPT0062", Severity.Error, "No such layer",
        "Layers: '{0}' fits none of the {1} of the model: {2}",
        "A pattern of the metadata `Layers` fits no node, or none with weights where it asks for something that only weights can have. "
            + "Nodes that others have taken in (an activation behind a convolution, a batch norm) are no longer nodes of their own.",
        "Write the name of a node as the report has it (`layers[].node`), or as `dotnet msbuild -t:DescribeModels` prints it; `*` stands "
            + "for any characters.");
}
