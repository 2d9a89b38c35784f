namespace OptimizerBuild.Files;

/// <summary>A file exists but is not one that a build reads.</summary>
/// <param name="reason">Why, in words that follow the file's name in a message.</param>
internal sealed class UnusableFileException(string reason) : IOException(reason);
