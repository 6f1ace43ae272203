declare module "worker:*" {
  const source: string;
  export default source;
}
declare module "*.wat" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.css";
